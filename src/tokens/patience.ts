import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** Under the half minute after which the less patient SDKs give up on a request. */
export const PATIENCE_MS = 25_000;
/** A try that begins late in it gets so long nevertheless. */
const SHORTEST_TRY_MS = 1000;

/** How long a try may take, in whole milliseconds: no longer than the caller's patience lasts, which a service that hangs would outlast. */
export function tryLimitMs(deadline: number, clock: Clock): number {
  return Math.max(SHORTEST_TRY_MS, Math.ceil(deadline - clock.monotonic()));
}

export type PatienceOptions = {
  readonly clock: Clock;
  /** On the monotonic clock: a try that would begin later is not made. */
  readonly deadline: number;
  readonly isWorthAnotherTry: (fault: Fault) => boolean;
};

/**
 * Tries again after passing trouble, until the caller would not wait for another answer. Pauses are at least those that
 * the other side asks for.
 * @param attempt is told how long it may wait for its turn
 */
export async function patiently<T>(
  attempt: (patienceMs: number) => Promise<T>,
  { clock, deadline, isWorthAnotherTry }: PatienceOptions,
  signal: AbortSignal,
): Promise<T> {
  const backoff = new Backoff({ firstMs: 500, maxMs: 5000 });
  let last: Fault | undefined;
  for (;;) {
    try {
      return await attempt(deadline - clock.monotonic());
    } catch (reason) {
      const fault = Fault.from(reason);
      if (fault.code === "LIMIT_REACHED") throw last ?? fault; // why it was asked again says more than that it waits
      last = fault;
      const waitMs = Math.max(backoff.next(), fault.retryAfterMs ?? 0);
      if (signal.aborted || !isWorthAnotherTry(fault) || clock.monotonic() + waitMs > deadline) throw reason;
      await clock.sleep(waitMs, signal);
    }
  }
}
