import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { Governor } from "./governor.ts";

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Calls that end when told, and the moments at which they began. */
function calls(governor: Governor, clock: FakeClock) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const start = (signal = never) =>
    governor.run(() => {
      begun.push(clock.monotonic());
      return new Promise<void>((resolve) => ends.push(resolve));
    }, signal);
  return { begun, ends, start };
}

describe("Governor", () => {
  it("has no more than so many under way", async () => {
    const clock = new FakeClock();
    const { begun, ends, start } = calls(new Governor({ atOnce: 2, perSecond: 100, clock }), clock);
    const all = [start(), start(), start()];
    await settled();
    expect(begun).toHaveLength(2);
    ends[0]?.();
    await all[0];
    await settled();
    expect(begun).toHaveLength(3);
  });

  it("begins no more than so many within any second", async () => {
    const clock = new FakeClock();
    const { begun, start } = calls(new Governor({ atOnce: 100, perSecond: 3, clock }), clock);
    for (let i = 0; i < 7; i += 1) void start();
    await clock.asleep();
    expect(begun).toEqual([0, 0, 0]);
    clock.advance(999);
    await settled();
    expect(begun).toHaveLength(3);
    clock.advance(1);
    await clock.asleep();
    expect(begun).toEqual([0, 0, 0, 1000, 1000, 1000]);
  });

  it("waits out a pause", async () => {
    const clock = new FakeClock();
    const governor = new Governor({ atOnce: 1, perSecond: 10, clock });
    const { begun, start } = calls(governor, clock);
    governor.pause(5000);
    void start();
    await clock.asleep();
    clock.advance(5000);
    await settled();
    expect(begun).toEqual([5000]);
  });

  it("gives the turn of one who left to the next, and loses no place", async () => {
    const clock = new FakeClock();
    const { begun, ends, start } = calls(new Governor({ atOnce: 1, perSecond: 100, clock }), clock);
    const first = start();
    const gone = new AbortController();
    const second = start(gone.signal);
    const third = start();
    await settled();
    gone.abort(new Error("left"));
    await expect(second).rejects.toThrow("left");
    expect(begun).toHaveLength(1);
    ends[0]?.();
    await first;
    await settled();
    expect(begun).toHaveLength(2);
    ends[1]?.();
    await third;
  });

  it("loses no place to one who leaves just when the turn comes", async () => {
    for (let hops = 0; hops < 12; hops += 1) {
      const clock = new FakeClock();
      const { begun, ends, start } = calls(new Governor({ atOnce: 1, perSecond: 100, clock }), clock);
      void start();
      const gone = new AbortController();
      const leaver = start(gone.signal);
      leaver.catch(() => {});
      await settled();
      ends[0]?.();
      for (let i = 0; i < hops; i += 1) await Promise.resolve();
      gone.abort(new Error("left"));
      const last = start();
      await settled();
      for (const end of ends) end();
      await settled();
      for (const end of ends) end();
      await last;
      expect(begun.length).toBeGreaterThan(1);
    }
  });

  it("goes on after a call that failed", async () => {
    const governor = new Governor({ atOnce: 1, perSecond: 10, clock: new FakeClock() });
    await expect(governor.run(() => Promise.reject(new Error("no")), never)).rejects.toThrow("no");
    expect(await governor.run(async () => "yes", never)).toBe("yes");
  });
});
