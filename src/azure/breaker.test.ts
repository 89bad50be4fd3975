import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { Breaker } from "./breaker.ts";

const throttled = (retryAfterMs?: number) => new Fault("ARM_THROTTLED", "too many requests", { retryAfterMs });
const down = new Fault("ARM_UNREACHABLE", "no answer");

function breaker() {
  const clock = new FakeClock();
  return { clock, breaker: new Breaker({ clock, random: () => 1 }) };
}

describe("Breaker", () => {
  it("keeps calls back for as long as Azure asks, and says why and for how long", () => {
    const { breaker: gate, clock } = breaker();
    gate.enter();
    gate.opened(throttled(17_000));
    expect([gate.state, gate.delayMs()]).toEqual(["open", 17_000]);
    expect(() => gate.enter()).toThrow(
      expect.objectContaining({
        code: "ARM_THROTTLED",
        retryAfterMs: 17_000,
        message: "MIC asks Azure again in 17 s, since: too many requests",
      }),
    );
    clock.advance(17_000);
    expect(gate.delayMs()).toBe(0);
  });

  it.each([
    { asked: 10, ms: 1_000 },
    { asked: 7_200_000, ms: 900_000 },
    { asked: undefined, ms: 5_000 },
  ])("takes a Retry-After of $asked ms for $ms ms", ({ asked, ms }) => {
    const { breaker: gate } = breaker();
    gate.opened(throttled(asked));
    expect(gate.delayMs()).toBe(ms);
  });

  it("lets one call try, and the others only when that one was answered", () => {
    const { breaker: gate, clock } = breaker();
    gate.opened(throttled(2_000));
    clock.advance(2_000);
    gate.enter();
    expect([gate.state, gate.delayMs()]).toEqual(["half-open", 1_000]);
    expect(() => gate.enter()).toThrow("again in 1 s");
    gate.answered();
    expect(gate.state).toBe("closed");
    gate.enter();
    gate.enter();
  });

  it("opens again, for longer, when the trial fails; a trial that shows nothing leaves room for another", () => {
    const { breaker: gate, clock } = breaker();
    gate.opened(throttled());
    clock.advance(5_000);
    gate.enter();
    gate.failed(down);
    expect(gate.delayMs()).toBe(10_000);
    clock.advance(10_000);
    gate.enter();
    gate.left();
    expect(gate.delayMs()).toBe(0);
  });

  it("leaves the trial to others for five seconds before those take it whose failure says little about others", () => {
    const { breaker: gate, clock } = breaker();
    gate.opened(throttled(2_000));
    clock.advance(2_000);
    expect([gate.delayMs(), gate.delayMs({ isSuspect: true })]).toEqual([0, 5_000]);
    expect(() => gate.enter({ isSuspect: true })).toThrow("again in 5 s");
    gate.enter();
    gate.failed(down);
    clock.advance(gate.delayMs() + 5_000);
    gate.enter({ isSuspect: true });
  });

  it("opens after five failures in a row, not after four and a success", () => {
    const { breaker: gate } = breaker();
    const fail = (times: number) => {
      for (let i = 0; i < times; i += 1) gate.failed(down);
    };
    fail(4);
    gate.answered();
    fail(4);
    expect(gate.state).toBe("closed");
    fail(1);
    expect([gate.state, gate.delayMs()]).toEqual(["open", 5_000]);
  });

  it("is kept open no longer by calls that went before, unless Azure asks for it", () => {
    const { breaker: gate } = breaker();
    for (let i = 0; i < 20; i += 1) gate.opened(throttled());
    expect(gate.delayMs()).toBe(5_000);
    gate.opened(throttled(8_000));
    gate.opened(throttled(2_000));
    expect(gate.delayMs()).toBe(8_000);
  });

  it("is not closed by the late answer of a call that went before it opened", () => {
    const { breaker: gate } = breaker();
    gate.enter();
    gate.opened(throttled(5_000));
    gate.answered();
    expect(gate.state).toBe("open");
  });
});
