import { expect } from "vitest";

/** Asserts on a value that becomes right in its own time, also on a slow machine that does other things too. */
export function eventually<T>(get: () => T | Promise<T>) {
  return expect.poll(get, { timeout: 20_000, interval: 20 });
}
