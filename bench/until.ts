import { setTimeout } from "node:timers/promises";

export type Wait = { readonly what: string; readonly limitMs: number; readonly signal: AbortSignal };

const LOOK_EVERY_MS = 10;

/** Resolves when the condition holds, with how long that took. Rejects with the signal's reason, or after the limit. */
export async function until(holds: () => boolean | Promise<boolean>, { what, limitMs, signal }: Wait): Promise<number> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > limitMs) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await setTimeout(LOOK_EVERY_MS, undefined, { signal });
  }
  return performance.now() - started;
}
