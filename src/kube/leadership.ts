import type { LeaderLease } from "./leader.ts";

/**
 * Runs `work` while all of the locks are held, of which each is asked for when the one before it is won. All are kept
 * while the next one is another's; losing any stops the work, and they are let go in the other order. Those that come
 * later are watched from the start, so that after the death of whoever held them all one wait is enough.
 * @throws what `work` throws by itself
 */
export async function lead(
  [first, ...others]: readonly Pick<LeaderLease, "lead" | "observe">[],
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<"lost" | "stopped"> {
  if (first === undefined) {
    await work(signal);
    return "stopped";
  }
  const isWon = new AbortController();
  const observed = others.map((other) => other.observe(AbortSignal.any([signal, isWon.signal])));
  let rest = "stopped" as "lost" | "stopped";
  try {
    const own = await first.lead(async (held) => {
      isWon.abort();
      await Promise.all(observed);
      rest = await lead(others, work, held);
    }, signal);
    return rest === "lost" ? rest : own;
  } finally {
    isWon.abort();
    await Promise.all(observed);
  }
}
