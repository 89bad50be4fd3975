/** Time as the code sees it; tests put a clock of their own in its place. */
export type Clock = {
  /** Milliseconds since 1970, UTC. It may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some fixed moment; never jumps, so durations are measured with it. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

/** Node's timers take no more: anything longer is over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock; a sleep of more than 24 days ends then. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
      signal?.addEventListener("abort", stop, { once: true });
    }),
};
