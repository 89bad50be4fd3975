import type { Clock } from "../base/clock.ts";

/**
 * How long to wait for something that is there and only not seen yet: each kind of object has a watch of its own, and
 * they do not keep step. As long as the original looked for the pod of an address that it did not know.
 */
export const UNSEEN_MS = 1200;

export type UntilOptions = {
  /** Subscribes to changes after which it is worth looking again; the answer ends that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/**
 * Looks now and after every change until what it sees is enough, and returns that; after the time limit, what it sees
 * then. Rejects with the signal's reason, or with what `look` throws.
 */
export async function until<T>(look: () => T, isEnough: (seen: T) => boolean, options: UntilOptions): Promise<T> {
  const first = look();
  if (isEnough(first)) return first;
  const { onChange, timeoutMs, clock, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const attempt = (isLast: boolean) => {
    try {
      const seen = look();
      if (isLast || isEnough(seen)) resolve(seen);
    } catch (reason) {
      reject(reason);
    }
  };
  const over = new AbortController();
  const unsubscribe = onChange(() => attempt(false));
  clock.sleep(timeoutMs, AbortSignal.any([signal, over.signal])).then(() => attempt(true), reject);
  try {
    return await promise;
  } finally {
    unsubscribe();
    over.abort();
  }
}
