import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { Quarantine } from "./quarantine.ts";

const fault = new Fault("ARM_IDENTITY_REFUSED", "no");
const MINUTE = 60_000;

function quarantine(random = () => 1) {
  const clock = new FakeClock();
  return { clock, quarantine: new Quarantine({ clock, random }) };
}

describe("Quarantine", () => {
  it("doubles the pause from a minute up to ten minutes while attempts fail", () => {
    const { clock, quarantine: aside } = quarantine();
    const pauses = [1, 2, 4, 8, 10, 10].map((minutes) => {
      const ms = aside.refuse("a", fault);
      expect(aside.look("a")).toEqual({ fault, retryInMs: ms });
      clock.advance(ms);
      expect(aside.look("a")?.retryInMs).toBe(0);
      return [ms, minutes * MINUTE];
    });
    for (const [ms, expected] of pauses) expect(ms).toBe(expected);
  });

  it("spreads the pauses by chance, over their upper half", () => {
    expect(quarantine(() => 0).quarantine.refuse("a", fault)).toBe(MINUTE / 2);
  });

  it("counts machines that were refused at the same time once", () => {
    const { clock, quarantine: aside } = quarantine();
    aside.refuse("a", fault);
    clock.advance(1_000);
    expect(aside.refuse("a", fault)).toBe(MINUTE - 1_000);
  });

  it("lets one machine try at a time, whose failure counts", () => {
    const { clock, quarantine: aside } = quarantine();
    aside.refuse("a", fault);
    clock.advance(MINUTE);
    aside.claim("a");
    expect(aside.look("a")?.retryInMs).toBe(MINUTE);
    expect(aside.refuse("a", fault)).toBe(2 * MINUTE);
  });

  it("knows nothing of what was let out, and begins anew with it", () => {
    const { clock, quarantine: aside } = quarantine();
    aside.refuse("a", fault);
    clock.advance(MINUTE);
    aside.refuse("a", fault);
    aside.release("a");
    expect([aside.look("a"), aside.size]).toEqual([undefined, 0]);
    expect(aside.refuse("a", fault)).toBe(MINUTE);
    aside.refuse("b", fault);
    aside.releaseAll();
    expect(aside.size).toBe(0);
  });

  it("forgets what nobody has asked for in hours", () => {
    const { clock, quarantine: aside } = quarantine();
    aside.refuse("old", fault);
    clock.advance(3 * 3_600_000);
    aside.refuse("new", fault);
    expect([aside.size, aside.look("old")]).toEqual([1, undefined]);
  });

  it("knows suspects in the groups that they are to be tried in, small ones first", () => {
    const { quarantine: aside } = quarantine();
    aside.suspect(["a", "b", "c"]);
    aside.suspect(["d", "e"]);
    aside.suspect(["b"]);
    expect(aside.suspectsIn(["a", "b", "c", "d", "e", "f"])).toEqual([["b"], ["a", "c"], ["d", "e"]]);
    expect([aside.isUnproved("a"), aside.look("a"), aside.size]).toEqual([true, undefined, 0]);
    aside.release("a");
    aside.refuse("c", fault);
    expect(aside.suspectsIn(["a", "c"])).toEqual([]);
    expect([aside.isUnproved("a"), aside.isUnproved("c")]).toEqual([false, true]);
  });

  it("knows what was taken until it is refused", () => {
    const { quarantine: aside } = quarantine();
    aside.release("a");
    expect([aside.wasTaken("a"), aside.wasTaken("b")]).toEqual([true, false]);
    aside.refuse("a", fault);
    expect(aside.wasTaken("a")).toBe(false);
  });

  it("knows of no suspects and of nothing taken when MIC signs in as somebody else", () => {
    const { quarantine: aside } = quarantine();
    aside.release("a");
    aside.suspect(["b"]);
    aside.releaseAll();
    expect([aside.wasTaken("a"), aside.suspectsIn(["b"])]).toEqual([false, []]);
  });
});
