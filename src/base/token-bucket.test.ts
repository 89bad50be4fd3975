import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { TokenBucket } from "./token-bucket.ts";

const bucket = () => {
  const clock = new FakeClock();
  return { clock, tokens: new TokenBucket({ capacity: 4, perMinute: 4 }, clock) };
};

describe("TokenBucket", () => {
  it("gives its capacity at once, then one a quarter of a minute, in the order asked", () => {
    const { tokens } = bucket();
    expect([1, 2, 3, 4, 5, 6].map(() => tokens.take())).toEqual([0, 0, 0, 0, 15_000, 30_000]);
  });

  it("says how long until there is room, and means it", () => {
    const { clock, tokens } = bucket();
    for (let i = 0; i < 4; i += 1) tokens.take();
    expect(tokens.delayMs()).toBe(15_000);
    clock.advance(14_999);
    expect(tokens.delayMs()).toBe(1);
    clock.advance(1);
    expect([tokens.delayMs(), tokens.take()]).toEqual([0, 0]);
  });

  it("gives back no more than its capacity", () => {
    const { tokens } = bucket();
    for (let i = 0; i < 3; i += 1) tokens.giveBack();
    expect([1, 2, 3, 4, 5].map(() => tokens.take())).toEqual([0, 0, 0, 0, 15_000]);
  });

  it("never holds more than its capacity", () => {
    const { clock, tokens } = bucket();
    tokens.giveBack();
    clock.advance(3_600_000);
    expect(tokens.isFull).toBe(true);
    expect([1, 2, 3, 4, 5].map(() => tokens.take())).toEqual([0, 0, 0, 0, 15_000]);
  });

  it("says how long until there is room for more than one", () => {
    const { clock, tokens } = bucket();
    for (let i = 0; i < 4; i += 1) tokens.take();
    expect([tokens.delayMs(1), tokens.delayMs(2)]).toEqual([15_000, 30_000]);
    clock.advance(20_000);
    expect([tokens.delayMs(1), tokens.delayMs(2)]).toEqual([0, 10_000]);
  });

  it("takes back what was not used", () => {
    const { tokens } = bucket();
    for (let i = 0; i < 5; i += 1) tokens.take();
    tokens.giveBack();
    expect(tokens.delayMs()).toBe(15_000);
  });

  it("waits when it hears that less is left than it thought, and never believes that there is more", () => {
    const { clock, tokens } = bucket();
    tokens.lowerTo(-1);
    expect(tokens.delayMs()).toBe(30_000);
    tokens.lowerTo(100);
    clock.advance(15_000);
    expect(tokens.delayMs()).toBe(15_000);
  });
});

describe("TokenBucket with a limit for any minute", () => {
  const size = { capacity: 4, perMinute: 4, anyMinute: 4 };

  it("is never exceeded, whenever tokens are taken", () => {
    const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(40_000)), { maxLength: 40 });
    fc.assert(
      fc.property(pauses, (waits) => {
        const clock = new FakeClock();
        const tokens = new TokenBucket(size, clock);
        const used = waits.map((ms) => {
          clock.advance(ms);
          const at = clock.monotonic() + tokens.take();
          return at;
        });
        for (const at of used) expect(used.filter((one) => one >= at && one < at + 60_000).length).toBeLessThan(5);
      }),
    );
  });

  it("has room again a minute after each was used, also for several, and is full only then", () => {
    const clock = new FakeClock();
    const tokens = new TokenBucket(size, clock);
    tokens.take();
    clock.advance(10_000);
    expect([tokens.take(5_000), tokens.take(), tokens.take()]).toEqual([5_000, 0, 0]);
    expect([tokens.delayMs(1), tokens.delayMs(2)]).toEqual([50_000, 60_000]);
    clock.advance(50_000);
    expect([tokens.delayMs(), tokens.isFull]).toEqual([0, false]);
    clock.advance(15_000);
    expect([tokens.delayMs(4), tokens.isFull]).toEqual([0, true]);
  });
});
