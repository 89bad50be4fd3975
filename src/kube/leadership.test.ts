import { describe, expect, it } from "vitest";
import { MemoryLock } from "../../test/support/memory-lock.ts";
import { PassingTime } from "../../test/support/passing-time.ts";
import { createLog } from "../base/log.ts";
import { LeaderLease } from "./leader.ts";
import { lead } from "./leadership.ts";

const DURATION_MS = 2_000;
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

/** A program that leads by two locks, and all that happened to it. */
function program() {
  const time = new PassingTime();
  const said: string[] = [];
  const [outer, inner] = [new MemoryLock(time), new MemoryLock(time)];
  let isConnected = true;
  const lease = (name: string, lock: MemoryLock) =>
    new LeaderLease({
      lock: lock.reached(() => (isConnected ? 1 : undefined)),
      identity: "me",
      durationMs: DURATION_MS,
      log: createLog({ write: () => {} }),
      clock: time.clock(1),
      onChange: (_, { reason, message }) => said.push(`${name}: ${reason}, ${message}`),
    });
  const stop = new AbortController();
  const work = async (signal: AbortSignal) => {
    said.push("works");
    await until(signal);
    said.push("works no more");
  };
  const begin = () => lead([lease("outer", outer), lease("inner", inner)], work, stop.signal);
  const pass = async (ms: number) => {
    let isOver = false;
    time.after(ms, () => {
      isOver = true;
    });
    while (!isOver) await time.step();
  };
  const cut = () => {
    isConnected = false;
  };
  return { time, said, outer, inner, stop, begin, pass, cut };
}

const holder = (holderIdentity: string) => ({ holder: holderIdentity, durationMs: DURATION_MS, renewedAt: 0 });
const never = new AbortController().signal;

describe("leadership by two locks", () => {
  it("is taken from the outer to the inner, and given up in the other order", async () => {
    const me = program();
    const result = me.begin();
    await me.pass(5 * DURATION_MS);
    me.stop.abort();
    await me.pass(DURATION_MS);
    expect(await result).toBe("stopped");
    expect(me.said).toEqual([
      "outer: LeaderElection, me became leader",
      "inner: LeaderElection, me became leader",
      "works",
      "works no more",
      "inner: LeaderElection, me stopped leading",
      "outer: LeaderElection, me stopped leading",
    ]);
    expect([me.outer.record?.holder, me.inner.record?.holder]).toEqual(["", ""]);
  });

  it("keeps the outer while the inner is another's", async () => {
    const me = program();
    const theirs = me.inner.reached(() => 1);
    let held = theirs.create(holder("another"), never);
    const result = me.begin();
    for (let i = 0; i < 20; i += 1) {
      await me.pass(DURATION_MS / 2);
      held = held.then((record) => theirs.update(record, holder("another"), never));
    }
    expect(me.said).toEqual(["outer: LeaderElection, me became leader"]);
    expect(me.outer.record?.holder).toBe("me");
    await me.pass(DURATION_MS / 2); // the last renewal arrives; its holder is not heard of again
    await me.pass(2 * DURATION_MS);
    expect(me.said.slice(1)).toEqual(["inner: LeaderElection, me became leader", "works"]);
    me.stop.abort();
    await me.pass(DURATION_MS);
    expect(await result).toBe("stopped");
  });

  it("is taken over from a dead holder of both after one duration, not after two", async () => {
    const me = program();
    for (const lock of [me.outer, me.inner]) void lock.reached(() => 1).create(holder("dead"), never);
    await me.pass(10);
    const result = me.begin();
    await me.pass(1.6 * DURATION_MS);
    expect(me.said.at(-1)).toBe("works");
    me.stop.abort();
    await me.pass(DURATION_MS);
    expect(await result).toBe("stopped");
  });

  it.each(["outer", "inner"] as const)("is lost when the %s is another's, and the rest is let go", async (lost) => {
    const me = program();
    const result = me.begin();
    await me.pass(DURATION_MS);
    expect(me.said).toContain("works");
    const { record } = me[lost];
    if (record === undefined) throw new Error("there is no lock");
    const theft = me[lost].reached(() => 0).update(record, holder("another"), never);
    await me.pass(DURATION_MS);
    await theft;
    expect(await result).toBe("lost");
    expect(me.said).toContain("works no more");
    expect(me[lost].record?.holder).toBe("another");
    expect(me[lost === "outer" ? "inner" : "outer"].record?.holder).toBe("");
  });

  it("is lost when nothing is heard any more", async () => {
    const me = program();
    const result = me.begin();
    await me.pass(DURATION_MS);
    me.cut();
    await me.pass(2 * DURATION_MS);
    expect(await result).toBe("lost");
    expect(me.said).toContain("works no more");
  });

  it("ends with what the work fails with, and lets all go", async () => {
    const me = program();
    const leases = [me.outer, me.inner].map(
      (lock) =>
        new LeaderLease({
          lock: lock.reached(() => 1),
          identity: "me",
          durationMs: DURATION_MS,
          log: createLog({ write: () => {} }),
          clock: me.time.clock(1),
        }),
    );
    const result = lead(leases, () => Promise.reject(new Error("broken")), never).catch(String);
    await me.pass(DURATION_MS);
    expect(await result).toBe("Error: broken");
    expect([me.outer.record?.holder, me.inner.record?.holder]).toEqual(["", ""]);
  });
});
