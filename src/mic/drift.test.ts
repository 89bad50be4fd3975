import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { FakeMachines } from "../../test/support/fake-machines.ts";
import { assignment, binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { snapshot } from "../../test/support/small-cluster.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Snapshot } from "../assignment/types.ts";
import { Fault } from "../base/fault.ts";
import { raceAbort } from "../base/single-flight.ts";
import { DriftRepair } from "./drift.ts";

const INTERVAL = 180_000;
const demo = resourceKey(identityId("demo"));
const vm = (i: number) => `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-${i}`;
const VM = vm(0);

const pods = (count: number) =>
  Array.from({ length: count }, (_, i) => pod(`a${i}`, { spec: { nodeName: `node-${i}` } }));
const nodes = (count: number) => Array.from({ length: count }, (_, i) => node(`node-${i}`));

/** A cluster whose pods `a0`, `a1`… on nodes of their own have the identity `demo`, and what is seen of its machines. */
function start(over: Partial<Snapshot> & { readonly count?: number } = {}) {
  const { count = 1, ...rest } = over;
  const clock = new FakeClock();
  const stop = new AbortController();
  const machines = new FakeMachines();
  const told: string[] = [];
  const busy = new Set<string>();
  let found = 0;
  const [identities, bindings] = [[identity("demo")], [binding("demo")]];
  let world = snapshot({
    pods: pods(count),
    nodes: nodes(count),
    identities,
    bindings,
    assignments: pods(count).map((one) => ({
      ...assignment({ pod: one, identity: identity("demo"), binding: binding("demo") }),
    })),
    ...rest,
  });
  for (let i = 0; i < count; i += 1) machines.put(vm(i), demo);
  let read = (machine: string, _signal: AbortSignal) => machines.read(machine);
  const drift = new DriftRepair({
    read: (machine, signal) => read(machine, signal),
    clientId: (resourceId) => machines.clientId(resourceId),
    snapshot: () => world,
    clock,
    intervalMs: INTERVAL,
    isBusy: (machine) => busy.has(machine),
    events: {
      driftFound: ({ kind, machine }, bonds) =>
        told.push(`${kind} on ${short(machine)}: ${bonds.map((one) => one.pod)}`),
      driftMended: ({ kind, machine }, bonds) =>
        told.push(`mended ${kind} on ${short(machine)}: ${bonds.map((one) => one.pod)}`),
      refused: ({ pod }, { fault }) => told.push(`${pod} hears: ${fault.message}`),
      clientIdWrong: ({ meta }, azures) => told.push(`${meta.name} is not ${azures}`),
      clientIdUnknown: ({ meta }, onMachine, { code }) => told.push(`${meta.name} is not ${onMachine}, or ${code}`),
      machineUnreadable: (machine, { code }) => told.push(`${code} ${short(machine)}`),
      driftRound: (round) => told.push(`round ${round.read}/${round.machines} in ${round.tookMs}`),
      driftFailed: ({ message }) => told.push(message),
    },
    onFound: () => {
      found += 1;
    },
  });
  let running: Promise<void> | undefined;
  /** Lets time pass until a round has ended, and gives what was told in it. */
  const round = async () => {
    const before = told.length;
    while (!told.slice(before).some((line) => line.startsWith("round "))) await pass(100);
    return told.slice(before, -1);
  };
  const pass = async (ms: number) => {
    running ??= drift.run(stop.signal);
    await new Promise(setImmediate);
    clock.advance(ms);
    await new Promise(setImmediate);
  };
  const next = async () => {
    clock.advance(INTERVAL);
    return await round();
  };
  const becomes = (over: Partial<Snapshot>) => {
    world = { ...world, ...over };
  };
  const reads = (by: typeof read) => {
    read = by;
  };
  const dispose = async () => {
    stop.abort(new Error("enough"));
    await running;
  };
  const t = { clock, machines, told, busy, drift, round, next, pass, becomes, reads, found: () => found };
  return { ...t, [Symbol.asyncDispose]: dispose };
}

function short(machine: string): string {
  return machine.split("/").at(-1) ?? "";
}

describe("DriftRepair", () => {
  it("finds what somebody took off, until a patch has put it back", async () => {
    await using t = start();
    expect([await t.round(), t.drift.found]).toEqual([[], []]);
    t.machines.takeOff(VM, demo);
    expect(await t.next()).toEqual(["missing on node-0: a0"]);
    expect(t.drift.found).toEqual([{ kind: "missing", machine: VM, resourceId: demo }]);
    expect(await t.next()).toEqual([]); // known already
    expect(t.found()).toBe(1);

    t.machines.put(VM, demo);
    t.drift.mended(t.drift.found);
    expect([t.told.at(-1), t.drift.found]).toEqual(["mended missing on node-0: a0", []]);
    expect(await t.next()).toEqual([]);
  });

  it("tells those who suffer when Azure refuses to put an identity back", async () => {
    await using t = start();
    t.machines.takeOff(VM, demo);
    await t.round();
    const [drift] = t.drift.found;
    if (drift === undefined) throw new Error("nothing is found");
    t.drift.refused(drift, { fault: new Fault("ARM_IDENTITY_REFUSED", "no"), retryInMs: 1_000, isNew: true });
    expect(t.told.at(-1)).toBe("a0 hears: no");
    expect(t.drift.found).toEqual([drift]);
  });

  it("drops what is mended without it, and what nobody wants any more", async () => {
    await using t = start({ count: 2 });
    t.machines.takeOff(vm(0), demo);
    t.machines.takeOff(vm(1), demo);
    await t.round();
    expect(t.drift.found).toHaveLength(2);
    t.machines.put(vm(0), demo);
    t.becomes({ pods: [pod("a0")] });
    await t.next();
    expect(t.drift.found).toEqual([]);
  });

  it.each([
    { when: "the plan puts the identity there anyway", state: "Created", said: "client-of-demo", then: [] },
    { when: "the identity was created anew", state: "Assigned", said: "other", then: ["stale on node-0: a0"] },
    { when: "it was, and the record waits", state: "Created", said: "other", then: ["stale on node-0: a0"] },
    { when: "Azure spells the client ID otherwise", state: "Assigned", said: "CLIENT-of-demo", then: [] },
    { when: "Azure gives no client ID yet", state: "Assigned", said: "", then: [] },
  ] as const)("finds $then when $when", async ({ state, said, then }) => {
    const record = assignment({ pod: pod("a0"), identity: identity("demo"), binding: binding("demo") }, state);
    await using t = start({ assignments: [record] });
    t.machines.takeOff(VM, demo);
    t.machines.create(demo, said);
    if (said !== "client-of-demo") t.machines.put(VM, demo);
    if (said === "other") t.machines.create(demo, "client-of-demo"); // anew, since it is on the machine
    expect(await t.round()).toEqual(then);
  });

  it.each([
    { client: "client-of-demo", then: [] },
    { client: "", then: [] },
    { client: "CLIENT-of-demo", then: [] },
    { client: "third", then: ["twin is not client-of-demo"] },
  ])("never takes an AzureIdentity that says '$client' for a reason to touch the machine", async ({ client, then }) => {
    const twin = identity("twin", { spec: { resourceID: identityId("DEMO"), clientID: client } });
    await using t = start({ identities: [identity("demo"), twin] });
    t.machines.create(demo, "client-of-demo");
    t.machines.put(VM, demo);
    expect(await t.round()).toEqual(then);
    expect([t.drift.found, t.machines.asked]).toEqual([[], then.map(() => demo)]);
    expect(await t.next()).toEqual([]); // told once
  });

  it("tells of another mistake, and finds what is stale beside it", async () => {
    await using t = start({ identities: [identity("demo", { spec: { clientID: "mistake" } })] });
    t.machines.create(demo, "first");
    t.machines.put(VM, demo);
    expect(await t.round()).toEqual(["demo is not first"]);
    t.becomes({ identities: [identity("demo", { spec: { clientID: "another" } })] });
    expect(await t.next()).toEqual(["demo is not first"]);
    t.machines.create(demo, "created anew");
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });

  it.each([
    { code: "ARM_FORBIDDEN", told: ["demo is not old, or ARM_FORBIDDEN"] },
    { code: "ARM_NOT_FOUND", told: ["demo is not old, or ARM_NOT_FOUND"] },
    { code: "ARM_ERROR", told: [] },
    { code: "ARM_UNREACHABLE", told: [] },
  ] as const)("takes nothing for stale that Azure does not show, $code", async ({ code, told }) => {
    await using t = start();
    t.machines.create(demo, "old");
    t.machines.put(VM, demo);
    t.machines.create(demo, "client-of-demo");
    t.machines.hide(demo, new Fault(code, "no"));
    expect(await t.round()).toEqual(told);
    expect(t.drift.found).toEqual([]);
    t.machines.hide(demo, undefined);
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });

  it("asks for an identity once a round, and again before a machine suffers for an old answer", async () => {
    await using t = start({ count: 40, identities: [identity("demo", { spec: { clientID: "mistake" } })] });
    t.machines.create(demo, "first");
    for (let i = 0; i < 40; i += 1) t.machines.put(vm(i), demo);
    expect(await t.round()).toEqual(["demo is not first"]);
    expect(t.machines.asked).toEqual([demo]);
    t.reads(async (machine) => {
      if (t.machines.reads.length === 79) t.machines.create(demo, "second");
      if (t.machines.reads.length === 79) t.machines.put(machine, demo);
      return await t.machines.read(machine);
    });
    expect(await t.next()).toEqual(["demo is not second"]);
    expect([t.drift.found, t.machines.asked]).toEqual([[], [demo, demo, demo]]);
  });

  it("renews an identity once when that does not help", async () => {
    await using t = start();
    t.machines.create(demo, "old");
    t.machines.put(VM, demo);
    t.machines.create(demo, "client-of-demo");
    expect(await t.round()).toEqual(["stale on node-0: a0"]);
    t.drift.mended(t.drift.found);
    expect(t.told.at(-1)).toBe("mended stale on node-0: a0");
    expect(await t.next()).toEqual([]);
    t.machines.put(VM, demo);
    expect(await t.next()).toEqual([]);
    t.machines.create(demo, "created again");
    t.becomes({ identities: [identity("demo", { spec: { clientID: "created again" } })] });
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });

  it("goes on with the others when a machine cannot be read, and tells that once until it changes", async () => {
    await using t = start({ count: 3 });
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

  it("leaves machines alone on which work is under way, or was while they were read", async () => {
    await using t = start({ count: 2 });
    t.busy.add(vm(0));
    t.machines.takeOff(vm(0), demo);
    t.machines.takeOff(vm(1), demo);
    t.reads(async (machine) => {
      t.busy.add(machine);
      return await t.machines.read(machine);
    });
    expect(await t.round()).toEqual([]);
    expect(t.machines.reads).toEqual([vm(1)]);
  });

  it("does not take for missing what pods have come to want while the machine was read", async () => {
    await using t = start();
    t.machines.takeOff(VM, demo);
    const other = resourceKey(identityId("other"));
    t.reads(async (machine) => {
      const before = await t.machines.read(machine);
      const late = [identity("other"), binding("other", { spec: { selector: "demo" } })] as const;
      const of = { pod: pod("a0"), identity: late[0], binding: late[1] };
      t.becomes({
        identities: [identity("demo"), late[0]],
        bindings: [binding("demo"), late[1]],
        assignments: [assignment({ ...of, identity: identity("demo"), binding: binding("demo") }), assignment(of)],
      });
      t.machines.put(machine, other);
      t.clock.advance(60_000);
      return before;
    });
    expect(await t.round()).toEqual(["missing on node-0: a0"]);
    expect(t.drift.found).toEqual([{ kind: "missing", machine: VM, resourceId: demo }]);
  });

  it("reads five machines a second, one after the other", async () => {
    await using t = start({ count: 23 });
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
    await using t = start({ count: 3 });
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
    await using t = start({ count: 3 });
    await t.round();
    const before = t.machines.reads.length;
    const [old] = nodes(1);
    if (old === undefined) throw new Error("no node");
    t.drift.nodeChanged({ before: old, after: { ...old, meta: { ...old.meta, resourceVersion: "2" } } });
    await t.pass(10_000);
    expect(t.machines.reads).toHaveLength(before);
    t.machines.takeOff(VM, demo);
    t.drift.nodeChanged({ before: old, after: { ...old, meta: { ...old.meta, uid: "another" } } });
    for (let i = 0; i < 10; i += 1) await t.pass(1_000);
    expect(t.machines.reads.slice(before)).toEqual([VM]);
    expect(t.drift.found).toHaveLength(1);
  });

  it("survives a defect, tells of it, and begins the next round in time", async () => {
    await using t = start();
    await t.round();
    t.becomes(JSON.parse('{ "pods": null }'));
    t.clock.advance(INTERVAL);
    await t.pass(0);
    expect(t.told.at(-1)).toContain("not iterable");
    t.becomes({ pods: pods(1) });
    t.machines.takeOff(VM, demo);
    expect(await t.next()).toEqual(["missing on node-0: a0"]);
  });

  it("is off when its interval is 0", async () => {
    const nobody = () => expect.fail("nobody asked for it");
    const options = {
      read: nobody,
      clientId: nobody,
      snapshot: nobody,
      isBusy: nobody,
      onFound: nobody,
      clock: new FakeClock(),
    };
    const drift = new DriftRepair({ ...options, intervalMs: 0, events: {} as never });
    await drift.run(new AbortController().signal);
    expect(drift.found).toEqual([]);
  });
});
