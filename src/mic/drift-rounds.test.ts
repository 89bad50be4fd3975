import { describe, expect, it } from "vitest";
import { demo, drifting, INTERVAL_MS, nodes, pods, vm } from "../../test/support/drifting.ts";
import { Fault } from "../base/fault.ts";
import { raceAbort } from "../base/single-flight.ts";

describe("a round of looks at machines", () => {
  it("goes on with the others when a machine cannot be read, and tells that once until it changes", async () => {
    await using t = drifting({ count: 3 });
    t.machines.failReads(vm(0), new Fault("ARM_FORBIDDEN", "no"));
    t.machines.takeOff(vm(2), demo);
    expect(await t.round()).toEqual(["ARM_FORBIDDEN node-0", "missing on node-2: a2"]);
    expect(t.told.at(-1)).toMatch(/^round 2\/3/);
    expect(await t.next()).toEqual([]);
    t.machines.failReads(vm(0), new Fault("ARM_NOT_FOUND", "gone"));
    expect(await t.next()).toEqual(["ARM_NOT_FOUND node-0"]);
    t.machines.failReads(vm(0), undefined);
    await t.next();
    t.machines.failReads(vm(0), new Fault("ARM_NOT_FOUND", "gone"));
    expect(await t.next()).toEqual(["ARM_NOT_FOUND node-0"]);
  });

  it("reads five machines a second, one after the other", async () => {
    await using t = drifting({ count: 23 });
    const at: number[] = [];
    t.reads(async (machine) => {
      at.push(t.clock.monotonic());
      return await t.machines.read(machine);
    });
    await t.round();
    expect(at).toHaveLength(23);
    expect(Math.min(...at.slice(1).map((ms, i) => ms - (at[i] ?? 0)))).toBeGreaterThanOrEqual(200);
    expect(t.told.at(-1)).toBe("round 23/23 in 4600");
  });

  it("waits for no machine that hangs, and is stuck when one does for a quarter of an hour", async () => {
    await using t = drifting({ count: 3 });
    t.reads((machine, signal) => {
      return machine === vm(0) ? raceAbort(new Promise(() => {}), signal) : t.machines.read(machine);
    });
    for (let i = 0; i < 10; i += 1) await t.pass(100);
    expect(t.machines.reads).toEqual([vm(1), vm(2)]);
    expect(t.drift.isStuck).toBe(false);
    t.clock.advance(15 * 60_000);
    expect(t.drift.isStuck).toBe(true);
  });

  it("reads the machine of a node that was made anew soon, and no other", async () => {
    await using t = drifting({ count: 3 });
    await t.round();
    const before = t.machines.reads.length;
    const [old] = nodes(1);
    if (old === undefined) throw new Error("no node");
    t.drift.nodeChanged({ before: old, after: { ...old, meta: { ...old.meta, resourceVersion: "2" } } });
    await t.pass(10_000);
    expect(t.machines.reads).toHaveLength(before);
    t.machines.takeOff(vm(0), demo);
    t.drift.nodeChanged({ before: old, after: { ...old, meta: { ...old.meta, uid: "another" } } });
    for (let i = 0; i < 10; i += 1) await t.pass(1_000);
    expect(t.machines.reads.slice(before)).toEqual([vm(0)]);
    expect(t.drift.found).toHaveLength(1);
  });

  it("survives a defect, tells of it, and begins the next round in time", async () => {
    await using t = drifting();
    await t.round();
    t.becomes(JSON.parse('{ "pods": null }'));
    t.clock.advance(INTERVAL_MS);
    await t.pass(0);
    expect(t.told.at(-1)).toContain("not iterable");
    t.becomes({ pods: pods(1) });
    t.machines.takeOff(vm(0), demo);
    expect(await t.next()).toEqual(["missing on node-0: a0"]);
  });
});
