import { describe, expect, it } from "vitest";
import { MemoryLock } from "../../test/support/kube/memory-lock.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { LeaderLease } from "./leader.ts";
import { lead } from "./leadership.ts";

const DURATION_MS = 2_000;
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

async function pass(time: PassingTime, ms: number): Promise<void> {
  let isOver = false;
  time.after(ms, () => {
    isOver = true;
  });
  while (!isOver) await time.step();
}

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
  const cut = () => {
    isConnected = false;
  };
  return { time, said, outer, inner, stop, begin, pass: (ms: number) => pass(time, ms), cut };
}

const held = (holderIdentity: string) => ({ holder: holderIdentity, durationMs: DURATION_MS, renewedAt: 0 });
const never = new AbortController().signal;

/** Two programs on an API server that needs so many milliseconds for each answer, and what they did in two minutes. */
async function slow(answerMs: () => number) {
  const time = new PassingTime();
  const locks = [new MemoryLock(time), new MemoryLock(time)];
  const said: string[] = [];
  const begun = new AbortController();
  for (const identity of ["a", "b"]) {
    const leases = locks.map((lock) => {
      const log = createLog({ write: () => {} });
      const reached = lock.reached(() => answerMs() / 2);
      return new LeaderLease({ lock: reached, identity, durationMs: 15_000, log, clock: time.clock(1) });
    });
    const work = async (signal: AbortSignal) => {
      said.push(`${identity} leads`);
      await until(signal);
      said.push(`${identity} leads no more`);
    };
    void lead(leases, work, begun.signal);
  }
  let leadsAt = Number.POSITIVE_INFINITY;
  while (time.ms < 120_000) {
    await time.step();
    if (said.length > 0) leadsAt = Math.min(leadsAt, time.ms);
  }
  return { said, leadsAt };
}

describe("the problem of a lock", () => {
  const refused = new Fault("KUBE_FORBIDDEN", "grant it");

  it("is there until the lock was reached, and again when it was not for longer than the duration", async () => {
    const time = new PassingTime();
    let fault: Fault | undefined;
    const locks = [new MemoryLock(time), new MemoryLock(time)].map((lock) => {
      const reached = lock.reached(() => 1);
      const create: typeof reached.create = async (terms, signal) => {
        if (fault !== undefined) throw fault;
        return await reached.create(terms, signal);
      };
      const look: typeof reached.look = async (signal) => {
        if (fault !== undefined) throw fault;
        return await reached.look(signal);
      };
      return { ...reached, look, create };
    });
    void locks[0]?.create(held("another"), never);
    await pass(time, 10);
    const log = createLog({ write: () => {} });
    const shared = { identity: "me", durationMs: DURATION_MS, log, clock: time.clock(1) };
    const leases = locks.map((lock) => new LeaderLease({ ...shared, lock }));
    const problems = () => leases.map(({ problem }) => problem);
    expect(problems()).toEqual(Array(2).fill("the leader lock Lease ns/lock was not looked at yet"));

    fault = refused;
    const stop = new AbortController();
    const result = lead(leases, until, stop.signal);
    await pass(time, 10);
    expect(problems()).toEqual(["grant it", "grant it"]);
    fault = undefined;
    await pass(time, DURATION_MS / 2);
    expect(problems()).toEqual([undefined, undefined]);
    fault = refused;
    await pass(time, DURATION_MS);
    expect(problems()).toEqual([undefined, undefined]);
    await pass(time, DURATION_MS);
    expect(problems()).toEqual(["grant it", "grant it"]);
    stop.abort();
    await pass(time, 10);
    expect(await result).toBe("stopped");
  });

  it("is there where it can be read, but not be taken", async () => {
    const time = new PassingTime();
    const lock = { ...new MemoryLock(time).reached(() => 1), create: () => Promise.reject(refused) };
    const log = createLog({ write: () => {} });
    const lease = new LeaderLease({ lock, identity: "me", durationMs: DURATION_MS, log, clock: time.clock(1) });
    void lead([lease], until, never);
    await pass(time, DURATION_MS);
    expect(lease.problem).toBe("grant it");
  });
});

describe("an API server that takes its time", () => {
  it.each([0.1, 2, 2.5, 3, 4, 5])("of %s s for each answer gets a leader, and keeps it", async (seconds) => {
    const { said, leadsAt } = await slow(() => seconds * 1_000);
    expect(said).toEqual([expect.stringMatching(/^[ab] leads$/)]);
    expect(leadsAt).toBeLessThan(40_000);
  });

  it("that differs each time gets a leader, and keeps it", async () => {
    let answers = 0;
    const between2And5 = () => {
      answers += 1;
      return 2_000 + 3_000 * ((0.618 * answers) % 1);
    };
    for (let run = 0; run < 20; run += 1) {
      const { said } = await slow(between2And5);
      expect(said).toEqual([expect.stringMatching(/^[ab] leads$/)]);
    }
  });
});

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
    let written = theirs.create(held("another"), never);
    const result = me.begin();
    for (let i = 0; i < 20; i += 1) {
      await me.pass(DURATION_MS / 2);
      written = written.then((record) => theirs.update(record, held("another"), never));
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
    for (const lock of [me.outer, me.inner]) void lock.reached(() => 1).create(held("dead"), never);
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
    const theft = me[lost].reached(() => 0).update(record, held("another"), never);
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
