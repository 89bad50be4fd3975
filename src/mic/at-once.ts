import { Fault } from "../base/fault.ts";

export type Settled<T, R> = { readonly item: T } & ({ readonly value: R } | { readonly fault: Fault });

/**
 * Does the work for each item, at most `limit` at the same time, and gives a result for each: one failure stops nobody.
 * Rejects only with the signal's reason.
 */
export async function settleAll<T, R>(
  items: readonly T[],
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<R>,
): Promise<readonly Settled<T, R>[]> {
  const results: Settled<T, R>[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [i, item] of queue) {
      signal.throwIfAborted();
      try {
        results[i] = { item, value: await work(item) };
      } catch (reason) {
        results[i] = { item, fault: Fault.from(reason) };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  signal.throwIfAborted();
  return results;
}
