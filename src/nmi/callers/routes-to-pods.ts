/** In the flags of a line: the route is in use. */
const UP = 0x1;

/**
 * The device by which the node reaches an IPv4 address, in the kernel's table `/proc/net/route`, whose lines are
 * `veth2 0200F40A 00000000 0005 0 0 0 FFFFFFFF …`: device, destination, gateway, flags, counts, metric, mask, with
 * addresses as hexadecimal numbers, last byte first. The narrowest route counts, then the one of the lowest metric.
 * Undefined where no route but one to everywhere leads there.
 * @param leastWidth bits that a route tells of the address at least: with 32 only one to this address alone counts
 */
export function deviceTo(routes: string, address: string, leastWidth = 1): string | undefined {
  const wanted = numberOf(address);
  let best: { readonly device: string; readonly width: number; readonly metric: number } | undefined;
  for (const line of routes.split("\n").slice(1)) {
    const [device = "", destination = "", , flags = "", , , metric = "", mask = ""] = line.split("\t");
    const bits = Number.parseInt(mask.trim(), 16);
    const width = widthOf(bits);
    if (!(width >= leastWidth) || (Number.parseInt(flags, 16) & UP) === 0) continue;
    if ((wanted & bits) >>> 0 !== Number.parseInt(destination, 16)) continue;
    const isBetter = best === undefined || width > best.width || (width === best.width && Number(metric) < best.metric);
    if (isBetter) best = { device, width, metric: Number(metric) };
  }
  return best?.device;
}

/** As the kernel's table has it: the first number of the address in the lowest byte. */
function numberOf(address: string): number {
  return address.split(".").reduceRight((sum, part) => (sum << 8) | Number(part), 0) >>> 0;
}

/** How many bits of a mask are set; not a number where there is no mask. */
function widthOf(bits: number): number {
  let width = Number.isNaN(bits) ? Number.NaN : 0;
  for (let left = bits >>> 0; left > 0; left >>>= 1) width += left & 1;
  return width;
}
