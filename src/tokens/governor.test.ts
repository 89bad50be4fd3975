import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Governor, type GovernorOptions, type Turn } from "./governor.ts";

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A governor with calls that end when told; it tells who began, and when. */
function setUp(options: Partial<GovernorOptions>) {
  const clock = new FakeClock();
  const governor = new Governor({ atOnce: 100, perSecond: 100, clock, ...options });
  const begun: number[] = [];
  const names: string[] = [];
  const ends: (() => void)[] = [];
  const start = (turn: Partial<Turn> = {}, signal = never) => {
    const { of = "pod", patienceMs = 25_000 } = turn;
    const result = governor.run(
      () => {
        begun.push(clock.monotonic());
        names.push(of);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      { of, patienceMs },
      signal,
    );
    result.catch(() => {}); // a test looks later, or not at all
    return result;
  };
  const endNext = async () => {
    ends.shift()?.();
    await settled();
  };
  return { clock, governor, begun, names, ends, start, endNext };
}

describe("Governor", () => {
  it("has no more than so many under way", async () => {
    const { begun, start, endNext } = setUp({ atOnce: 2 });
    for (let i = 0; i < 3; i += 1) void start();
    await settled();
    expect(begun).toHaveLength(2);
    await endNext();
    expect(begun).toHaveLength(3);
  });

  it("begins no more than so many within any second", async () => {
    const { clock, begun, start } = setUp({ perSecond: 3 });
    for (let i = 0; i < 7; i += 1) void start();
    expect(begun).toEqual([]);
    await settled();
    expect(begun).toEqual([0, 0, 0]);
    clock.advance(999);
    await settled();
    expect(begun).toHaveLength(3);
    clock.advance(1);
    await settled();
    expect(begun).toEqual([0, 0, 0, 1000, 1000, 1000]);
  });

  it("lets those who wait take turns, and who comes back goes to the end", async () => {
    const { names, start, endNext } = setUp({ atOnce: 1 });
    for (const of of ["a", "a", "a", "b", "c", "c"]) void start({ of });
    await settled();
    await endNext();
    void start({ of: "b" });
    for (let i = 0; i < 6; i += 1) await endNext();
    expect(names.join("")).toBe("aabcabc");
  });

  it("waits out a pause", async () => {
    const { clock, governor, begun, start } = setUp({});
    governor.pause(5000);
    void start();
    clock.advance(4999);
    await settled();
    expect(begun).toEqual([]);
    clock.advance(1);
    await settled();
    expect(begun).toEqual([5000]);
  });

  it.each([
    { asked: 0, waited: 1000 },
    { asked: undefined, waited: 1000 },
    { asked: 2 ** 31, waited: 20_000 },
    { asked: Number.POSITIVE_INFINITY, waited: 20_000 },
  ])("pauses for $waited ms when asked for $asked", async ({ asked, waited }) => {
    const { clock, governor, begun, start } = setUp({});
    governor.pause(asked);
    void start();
    clock.advance(waited - 1);
    await settled();
    expect(begun).toEqual([]);
    clock.advance(1);
    await settled();
    expect(begun).toEqual([waited]);
  });

  it("cuts no pause short when a shorter one is asked for meanwhile", async () => {
    const { governor, start } = setUp({});
    governor.pause(9000);
    governor.pause(2000);
    await expect(start({ patienceMs: 0 })).rejects.toMatchObject({ code: "IMDS_THROTTLED", retryAfterMs: 9000 });
  });

  it("refuses at once when a pause is longer than the patience, with the rest of the pause", async () => {
    const { governor, start } = setUp({});
    governor.pause(9000);
    await expect(start({ patienceMs: 8999 })).rejects.toMatchObject({ code: "IMDS_THROTTLED", retryAfterMs: 9000 });
  });

  it("tells who ran out of patience why, and gives the turn to the next", async () => {
    const { clock, governor, names, start, endNext } = setUp({ atOnce: 1 });
    void start({ of: "slow" });
    const crowded = start({ of: "a", patienceMs: 3000 });
    const paused = start({ of: "b", patienceMs: 5000 });
    void start({ of: "c" });
    await settled();
    clock.advance(3000);
    await expect(crowded).rejects.toMatchObject({ code: "LIMIT_REACHED" });
    governor.pause(4000);
    clock.advance(2000);
    await expect(paused).rejects.toMatchObject({ code: "IMDS_THROTTLED", retryAfterMs: 2000 });
    clock.advance(2000);
    await endNext();
    expect(names).toEqual(["slow", "c"]);
  });

  it("gives the turn of one who left to the next, and loses no place", async () => {
    const { begun, start, endNext } = setUp({ atOnce: 1 });
    void start();
    const gone = new AbortController();
    const second = start({}, gone.signal);
    const third = start();
    await settled();
    gone.abort(new Error("left"));
    await expect(second).rejects.toThrow("left");
    expect(begun).toHaveLength(1);
    await endNext();
    expect(begun).toHaveLength(2);
    await endNext();
    await third;
  });

  it("loses no place to one who leaves just when the turn comes", async () => {
    for (let hops = 0; hops < 12; hops += 1) {
      const { begun, ends, start, endNext } = setUp({ atOnce: 1 });
      void start();
      const gone = new AbortController();
      void start({}, gone.signal);
      await settled();
      ends.shift()?.();
      for (let i = 0; i < hops; i += 1) await Promise.resolve();
      gone.abort(new Error("left"));
      const last = start();
      await settled();
      await endNext();
      await endNext();
      await last;
      expect(begun.length).toBeGreaterThan(1);
    }
  });

  it("sleeps no longer than somebody waits", async () => {
    const { clock, governor, start } = setUp({});
    governor.pause(20_000);
    const gone = new AbortController();
    void start({}, gone.signal);
    await clock.asleep();
    gone.abort(new Error("left"));
    await settled();
    expect(clock.sleepers).toBe(0);
  });

  it("goes on after a call that failed", async () => {
    const governor = new Governor({ atOnce: 1, perSecond: 10, clock: new FakeClock() });
    const turn = { of: "pod", patienceMs: 1 };
    await expect(governor.run(() => Promise.reject(new Error("no")), turn, never)).rejects.toThrow("no");
    expect(await governor.run(async () => "yes", turn, never)).toBe("yes");
  });
});
