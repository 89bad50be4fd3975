import type { LeaderLease } from "./leader.ts";

/**
 * Runs `work` while all of the locks are held, of which each is asked for when the one before it is won. All are kept
 * while the next one is another's; losing any stops the work, and they are let go in the other order.
 * @throws what `work` throws by itself
 */
export async function lead(
  [first, ...others]: readonly Pick<LeaderLease, "lead">[],
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<"lost" | "stopped"> {
  if (first === undefined) {
    await work(signal);
    return "stopped";
  }
  let rest = "stopped" as "lost" | "stopped";
  const own = await first.lead(async (held) => {
    rest = await lead(others, work, held);
  }, signal);
  return rest === "lost" ? rest : own;
}
