import { expect, vi } from "vitest";

/** Asserts on a value that becomes right in its own time, also in tests that run side by side, where `expect.poll` cannot be used. */
export function settled<T>(get: () => T | Promise<T>, timeout = 60_000) {
  const within = { timeout, interval: 100 };
  return {
    toEqual: (expected: unknown) => vi.waitFor(async () => expect(await get()).toEqual(expected), within),
    toMatch: (pattern: RegExp) => vi.waitFor(async () => expect(String(await get())).toMatch(pattern), within),
  };
}
