import { describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { assignment, binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { SmallCluster, snapshot } from "../../test/support/small-cluster.ts";
import type { Assignment, AssignmentState } from "../api/assignment.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { MachinePlan, Snapshot } from "../assignment/types.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import type { Outcome } from "./execute.ts";
import { SyncLoop } from "./loop.ts";

const BURST_MS = 50;
const HOUR = 3_600_000;

type Work = { readonly plan: MachinePlan; readonly asksAzure: () => void; readonly end: (outcome: Outcome) => void };

/** A loop over a cluster in which pod `a` on `node-0` waits for its identity for ever, and work that ends when told. */
function start(over: Partial<Snapshot> = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const works: Work[] = [];
  const failures: { readonly code: string; readonly pauseMs: number }[] = [];
  const waits: number[] = [];
  const failedLooks: string[] = [];
  let delayMs = () => 0;
  let isBroken = false;
  let looks = 0;
  let settled = 0;
  let world = snapshot({
    pods: [pod("a")],
    nodes: [node("node-0"), node("node-1")],
    identities: [identity("demo")],
    bindings: [binding("demo")],
    ...over,
  });
  const loop = new SyncLoop({
    snapshot: () => {
      if (isBroken) throw new Error("a defect");
      return world;
    },
    execute: (plan, signal, asksAzure) =>
      new Promise((resolve, reject) => {
        works.push({ plan, asksAzure, end: resolve });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    events: {
      planned: () => {
        looks += 1;
      },
      machineFailed: (_, { code }, pauseMs) => failures.push({ code, pauseMs }),
      machineWaiting: (_, delayMs) => waits.push(delayMs),
      machineHeld: () => {},
      lookFailed: (fault) => failedLooks.push(fault.message),
      settled: () => {
        settled += 1;
      },
    },
    machines: { delayMs: () => delayMs() },
    clock,
    resyncMs: HOUR,
    firstPauseMs: 1_000,
    random: () => 1,
  });
  const running = loop.run(stop.signal);
  /** Lets the burst that is under way end; the resync and resting machines sleep too. */
  const look = async (resting = 0) => {
    for (const before = looks; looks === before; await new Promise(setImmediate)) {
      await clock.asleep(2 + resting);
      clock.advance(BURST_MS);
    }
  };
  const end = async () => {
    stop.abort(new Error("enough"));
    await running;
  };
  const becomes = (over: Partial<Snapshot>) => {
    world = { ...world, ...over };
    loop.changed();
  };
  const delay = (ms: () => number) => {
    delayMs = ms;
  };
  const breaks = (isNow: boolean) => {
    isBroken = isNow;
    loop.changed();
  };
  const told = () => ({ looks, settled, waits, failedLooks });
  return { clock, loop, works, failures, look, end, becomes, delay, breaks, told };
}

const fault = (retryAfterMs?: number, code: FaultCode = "ARM_ERROR") =>
  new Fault(code, "Azure hiccups", { retryAfterMs });

/** The pods of a work, and whether it leaves the machine itself alone. */
function whatOf({ plan: { work, attach } }: Work) {
  const pods = work.map(({ draft }) => draft?.pod ?? "");
  return attach.length > 0 ? pods : `records of ${pods.join(", ")}`;
}

const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";
const idOf = (name: string) => resourceKey(identityId(name));
const bound = (name: string) => binding(name, { spec: { selector: "demo" } });
/** Azure refuses `demo` for a minute; all else is done. */
const refusal: Outcome = { fault: undefined, refused: { ids: new Set([idOf("demo")]), retryInMs: 60_000 } };

const recordOf = (name: string, state: AssignmentState) => {
  const record = assignment({ pod: pod("a"), identity: identity(name), binding: bound(name) }, state);
  return new SmallCluster().put({ ...record, machine: VM });
};
const created = (name: string) => recordOf(name, "Created");
const assigned = (name: string) => recordOf(name, "Assigned");
const unguarded = (record: Assignment) => ({ ...record, meta: { ...record.meta, finalizers: [] } });

describe("SyncLoop", () => {
  it("looks at once, and again when work has ended", async () => {
    const t = start();
    await t.look();
    expect(t.works).toHaveLength(1);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it("starts nothing on a machine that is busy, and does not wait for it with the others", async () => {
    const t = start({ pods: [pod("a"), pod("b", { spec: { nodeName: "node-1" } })] });
    await t.look();
    expect(t.works.map(({ plan }) => plan.machine.split("/").at(-1))).toEqual(["node-0", "node-1"]);
    t.works[1]?.end({ fault: undefined });
    await t.look();
    expect(t.works.map(({ plan }) => plan.machine.split("/").at(-1))).toEqual(["node-0", "node-1", "node-1"]);
    await t.end();
  });

  it("works on 64 machines at once, and on the others as these end", async () => {
    const names = Array.from({ length: 70 }, (_, i) => `node-${i}`);
    const pods = names.map((name) => pod(name, { spec: { nodeName: name } }));
    const t = start({ pods, nodes: names.map((name) => node(name)) });
    await t.look();
    expect(t.works).toHaveLength(64);
    t.becomes({ pods: pods.filter(({ nodeName }) => !t.works[0]?.plan.machine.endsWith(`/${nodeName}`)) });
    await t.look();
    expect(t.works).toHaveLength(64);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(65);
    await t.end();
  });

  it("works on others while Azure takes its time, so that operations that hang hold up no machine, up to 512", async () => {
    const names = Array.from({ length: 600 }, (_, i) => `node-${i}`);
    const pods = names.map((name) => pod(name, { spec: { nodeName: name } }));
    const t = start({ pods, nodes: names.map((name) => node(name)) });
    await t.look();
    for (let begun = 64; begun < 512; begun += 64) {
      expect(t.works).toHaveLength(begun);
      for (const { asksAzure } of t.works) asksAzure();
      await t.look();
    }
    for (const { asksAzure } of t.works) asksAzure();
    await t.look();
    expect(t.works).toHaveLength(512);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(513);
    await t.end();
  });

  it("rests a machine after a failure, longer each time, and at least as long as it is asked to", async () => {
    const t = start();
    for (const [retryAfterMs, pauseMs] of [
      [undefined, 1_000],
      [undefined, 2_000],
      [30_000, 30_000],
      [undefined, 8_000],
    ] as const) {
      await t.look();
      t.works.at(-1)?.end({ fault: fault(retryAfterMs, "KUBE_ERROR") });
      await vi.waitFor(() => expect(t.failures.at(-1)).toEqual({ code: "KUBE_ERROR", pauseMs }));
      const count = t.works.length;
      await t.look(1); // its end is a change, but the machine rests
      expect(t.works).toHaveLength(count);
      t.clock.advance(pauseMs - BURST_MS);
    }
    await t.look();
    expect(t.works).toHaveLength(5);
    await t.end();
  });

  it("rests no longer than a quarter of an hour, whatever Azure asks for", async () => {
    const t = start();
    await t.look();
    t.works.at(-1)?.end({ fault: fault(86_400_000) });
    await vi.waitFor(() => expect(t.failures).toEqual([{ code: "ARM_ERROR", pauseMs: 15 * 60_000 }]));
    await t.end();
  });

  it.each([
    { code: "ARM_ERROR", asksMs: undefined, then: [["a", "b"]] },
    // Azure has asked for the pause, whatever we wish; records can be written meanwhile.
    { code: "ARM_ERROR", asksMs: 600_000, then: ["records of a, b"] },
    { code: "ENTRA_ERROR", asksMs: 600_000, then: ["records of a, b"] },
    { code: "IMDS_THROTTLED", asksMs: 600_000, then: ["records of a, b"] },
    { code: "ARM_THROTTLED", asksMs: undefined, then: ["records of a, b"] },
    { code: "KUBE_ERROR", asksMs: 600_000, then: [["a", "b"]] },
    { code: "KUBE_THROTTLED", asksMs: 600_000, then: [] },
  ] as const)("after $code with Retry-After $asksMs does $then when more is wished", async ({ code, asksMs, then }) => {
    const t = start();
    await t.look();
    t.works[0]?.end({ fault: fault(asksMs, code) });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    expect(t.works.slice(1).map(whatOf)).toEqual(then);
    await t.end();
  });

  it("begins with the first pause when more is wished", async () => {
    const t = start();
    await t.look();
    t.works[0]?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    t.works.at(-1)?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures.map(({ pauseMs }) => pauseMs)).toEqual([1_000, 1_000]));
    await t.end();
  });

  it("keeps the pause that Azure asked for although records cannot be written meanwhile", async () => {
    const t = start();
    await t.look();
    t.works[0]?.end({ fault: fault(600_000) });
    await t.look(1);
    t.works[1]?.end({ fault: fault(undefined, "KUBE_ERROR") });
    await vi.waitFor(() => expect(t.failures).toHaveLength(2));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(2);
    expect(t.works.slice(1).map(whatOf)).toEqual(["records of a", "records of a, b"]);
    t.works[2]?.end({ fault: undefined });
    t.clock.advance(600_000);
    await t.look();
    expect(t.works.slice(3).map(whatOf)).toEqual([["a", "b"]]);
    await t.end();
  });

  it.each(["ARM_CREDENTIAL", "ARM_THROTTLED"] as const)(
    "tries again at once after %s when it is told to",
    async (code) => {
      const t = start();
      await t.look();
      t.works[0]?.end({ fault: fault(600_000, code) });
      await vi.waitFor(() => expect(t.failures).toHaveLength(1));
      t.loop.tryAgain();
      await t.look();
      expect(t.works[1]?.plan.attach).toHaveLength(1);
      await t.end();
    },
  );

  it("does not begin again because less is wished than what failed", async () => {
    const t = start({ pods: [pod("a"), pod("b")] });
    await t.look();
    t.works[0]?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("b")] });
    await t.look(1);
    expect(t.works).toHaveLength(1);
    await t.end();
  });

  it("leaves a machine with refused identities alone until one is worth a new attempt, and calls that no failure", async () => {
    const t = start({ assignments: [created("demo")] });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    t.clock.advance(59_000);
    t.becomes({});
    await t.look(1);
    expect([t.works.length, t.failures]).toEqual([1, []]);
    t.clock.advance(1_000);
    await t.look();
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it("does not let another pod of the machine wait for refused identities", async () => {
    const t = start({ assignments: [created("demo")] });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it.each<{ what: string; when: Partial<Snapshot> }>([
    { what: "an identity is taken off", when: { drift: [{ kind: "missing", machine: VM, resourceId: idOf("good") }] } },
    { what: "a record loses its finalizer", when: { assignments: [created("demo"), unguarded(assigned("good"))] } },
    {
      what: "the record of a refused identity does",
      when: { assignments: [unguarded(created("demo")), assigned("good")] },
    },
  ])("mends at once, however often $what, beside refused identities", async ({ when }) => {
    const calm = { assignments: [created("demo"), assigned("good")], drift: [] };
    const named = ["demo", "good"];
    const t = start({ identities: named.map((name) => identity(name)), bindings: named.map(bound), ...calm });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    for (const count of [2, 3]) {
      t.becomes(when);
      await t.look(1);
      expect(t.works).toHaveLength(count);
      t.becomes(calm);
      t.works.at(-1)?.end(refusal);
      await t.look(1);
      expect(t.works).toHaveLength(count);
    }
    await t.end();
  });

  it("waits for room in Azure's limits, writes records meanwhile, and then does what is wished by then", async () => {
    const t = start();
    t.delay(() => 10_000);
    await t.look();
    expect(t.works.map(({ plan: { work, attach } }) => [work.map(({ awaits }) => awaits), attach])).toEqual([
      [[undefined], []],
    ]);
    t.works[0]?.end({ fault: undefined });
    t.becomes({ pods: [pod("b")] });
    await t.look(1);
    expect([t.failures, t.told().waits]).toEqual([[], [10_000]]);

    t.delay(() => 0);
    t.clock.advance(10_000);
    t.works[1]?.end({ fault: undefined });
    await t.look();
    expect(t.works[2]?.plan.work.map(({ draft }) => draft?.pod)).toEqual(["b"]);
    expect(t.works[2]?.plan.attach).toHaveLength(1);
    await t.end();
  });

  it("rests after a failure while it waits for room, and not for the sake of what waits anyway", async () => {
    const t = start();
    t.delay(() => 600_000);
    await t.look();
    t.works[0]?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    await t.look(1);
    t.becomes({});
    await t.look(1);
    expect(t.works).toHaveLength(1);
    await t.end();
  });

  it("survives looks that fail, tells of each, and is stuck when they fail for ten minutes", async () => {
    const t = start();
    await t.look();
    t.works[0]?.end({ fault: undefined });
    t.breaks(true);
    const begun = t.clock.monotonic() + BURST_MS;
    for (let failed = 1; failed < 25; failed += 1) {
      await vi.waitFor(async () => {
        await t.clock.asleep(2);
        t.clock.advance(BURST_MS);
        expect(t.told().failedLooks).toHaveLength(failed);
      });
      expect(t.told().failedLooks.at(-1)).toBe("a defect");
      t.loop.changed();
      t.clock.advance(30_000);
      expect(t.loop.isStuck).toBe(t.clock.monotonic() > begun + 10 * 60_000);
    }
    expect(t.loop.isStuck).toBe(true);
    t.breaks(false);
    await t.look();
    expect([t.works.length, t.loop.isStuck]).toEqual([2, false]);
    await t.end();
  });

  it("tells when nothing is under way any more, once", async () => {
    const t = start();
    await t.look();
    expect(t.told().settled).toBe(0);
    t.becomes({ pods: [] });
    t.works[0]?.end({ fault: undefined });
    await t.look();
    t.becomes({});
    await t.look();
    expect(t.told().settled).toBe(1);
    await t.end();
  });

  it("begins with the first pause again after a success", async () => {
    const t = start();
    for (const outcome of [fault(), undefined, fault()]) {
      await t.look();
      t.works.at(-1)?.end({ fault: outcome });
      if (outcome === undefined) continue;
      await vi.waitFor(() => expect(t.failures.at(-1)?.pauseMs).toBe(1_000));
      await t.look(1);
      t.clock.advance(1_000);
    }
    expect(t.failures).toHaveLength(2);
    await t.end();
  });

  it("looks again after the resync period although nothing changed", async () => {
    const t = start({ pods: [] });
    await t.look();
    t.clock.advance(HOUR);
    await t.look();
    expect(t.told().looks).toBe(2);
    await t.end();
  });

  it("is stuck when work on a machine takes half an hour, and not before", async () => {
    const t = start();
    await t.look();
    t.clock.advance(30 * 60_000);
    expect(t.loop.isStuck).toBe(false);
    t.clock.advance(1);
    expect(t.loop.isStuck).toBe(true);
    await t.end();
    expect([t.loop.isRunning, t.loop.isStuck]).toEqual([false, false]);
  });

  it("is stuck when a change is not looked at", async () => {
    const t = start();
    expect(t.loop.isRunning).toBe(true);
    t.clock.advance(60_001); // the loop has had no chance to wake up
    expect(t.loop.isStuck).toBe(true);
    await t.end();
  });
});
