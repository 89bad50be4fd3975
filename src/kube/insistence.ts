import type { Clock } from "../base/clock.ts";

export type InsistOptions = {
  readonly clock: Clock;
  /** After so long without an answer another attempt begins beside the one that waits. */
  readonly patienceMs: number;
  /** How long after a failure. */
  readonly pauseMs: number;
  /** Told of each failure; throws what leaves no hope for another attempt. */
  readonly onFailure: (reason: unknown) => void;
};

/**
 * Tries until one attempt succeeds, and stops those still under way. A slow answer is waited for all the time, while
 * others are asked for beside it: only in the end one knows whether the server is slow or the connection dead.
 * @throws what `onFailure` throws; the signal's reason
 */
export async function insist(
  attempt: (signal: AbortSignal) => Promise<void>,
  { clock, patienceMs, pauseMs, onFailure }: InsistOptions,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const done = Promise.withResolvers<true>();
  stop.addEventListener("abort", () => done.reject(stop.reason), { once: true });
  const tryOnce = async () => {
    try {
      await attempt(stop);
      done.resolve(true);
    } catch (reason) {
      if (!stop.aborted) onFailure(reason);
    }
  };
  try {
    signal.throwIfAborted();
    for (let isDone = false; !isDone; ) {
      const failed = tryOnce().catch(done.reject);
      const again = failed.then(() => clock.sleep(pauseMs, stop));
      const late = clock.sleep(patienceMs, stop);
      isDone = (await Promise.race([done.promise, again, late])) === true;
    }
  } finally {
    over.abort();
    done.promise.catch(() => {}); // told already, or nobody's concern any more
  }
}
