/** A time in milliseconds that all processes of this machine share, and that no clock step moves. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
