import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Budget } from "./budget.ts";

const never = new AbortController().signal;

/** The times at which `count` requests that ask at once may go. */
async function departures(clock: FakeClock, budget: Budget, count: number): Promise<number[]> {
  const at: number[] = [];
  const all = Array.from({ length: count }, async () => {
    await budget.take(never);
    at.push(clock.monotonic());
  });
  for (let i = 0; i < count * 100 && at.length < count; i += 1) {
    await Promise.resolve();
    clock.advance(50);
  }
  await Promise.all(all);
  return at;
}

describe("a budget", () => {
  it("lets a burst go and spaces what follows", async () => {
    const clock = new FakeClock();
    const at = await departures(clock, new Budget({ qps: 2, burst: 3, clock }), 6);
    const gaps = at.slice(3).map((time, i) => time - (at[i + 2] ?? 0));
    expect(at[2]).toBeLessThanOrEqual(100);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(400);
  });

  it("never lets more than its rate and burst go, however they ask", async () => {
    const clock = new FakeClock();
    const budget = new Budget({ qps: 10, burst: 5, clock });
    const at = [...(await departures(clock, budget, 20)), ...(await departures(clock, budget, 20))];
    for (const begin of at) {
      const within = at.filter((time) => time >= begin && time < begin + 1_000).length;
      expect(within).toBeLessThanOrEqual(5 + 10 + 1);
    }
  });

  it("has no limit when none is set", async () => {
    const clock = new FakeClock();
    const budget = new Budget({ qps: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY, clock });
    for (let i = 0; i < 1_000; i += 1) await budget.take(never);
    expect(clock.sleepers).toBe(0);
  });

  it("gives the place of one that left to those behind it", async () => {
    const clock = new FakeClock();
    const budget = new Budget({ qps: 1, burst: 1, clock });
    await budget.take(never);
    const stop = new AbortController();
    const left = budget.take(stop.signal);
    stop.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");

    const next = budget.take(never);
    clock.advance(1_000);
    await next;
    expect(clock.monotonic()).toBe(1_000);
  });
});
