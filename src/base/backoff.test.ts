import { expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

it("doubles up to the longest pause, and starts again after a success", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 1 });
  expect(Array.from({ length: 5 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

it("spreads pauses over their upper half", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 100 });
  for (let i = 0; i < 100; i += 1) {
    const pause = backoff.next();
    expect(pause).toBeGreaterThanOrEqual(50);
    expect(pause).toBeLessThanOrEqual(100);
  }
});

it("does not overflow however often it fails", () => {
  const backoff = new Backoff({ firstMs: 1, maxMs: 30_000, random: () => 1 });
  for (let i = 0; i < 5000; i += 1) backoff.next();
  expect(backoff.next()).toBe(30_000);
});
