import { expect, it } from "vitest";
import { vm } from "../../test/support/fake-azure.ts";
import { FakeCompute, type Naming } from "../../test/support/fake-compute.ts";
import { binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { PassingTime } from "../../test/support/passing-time.ts";
import { SmallCluster, snapshot } from "../../test/support/small-cluster.ts";
import { readAssignment, writeAssignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { resourceKey } from "../api/resource-id.ts";
import { ArmMachines } from "../azure/machines.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { micEvents } from "./events.ts";
import { executePlan } from "./execute.ts";
import { SyncLoop } from "./loop.ts";
import { micMetrics } from "./metrics.ts";
import type { Records } from "./ports.ts";

const MINUTE_MS = 60_000;
const NODES = ["node-0", "node-1"];
const BAD = Array.from({ length: 100 }, (_, i) => `bad-${String(i).padStart(3, "0")}`);

function recordsIn(cluster: SmallCluster): Records {
  return {
    write: async (draft, over) => cluster.put(readAssignment(writeAssignment(draft, over?.meta))),
    confirm: async (record, { isAssigned }) => {
      cluster.put({ ...record, state: isAssigned ? "Assigned" : record.state });
    },
    remove: async ({ meta }) => void cluster.records.delete(objectKey(meta)),
  };
}

/** One tenant has a hundred identities that Azure refuses, in one pod; another has one that is sound. */
function flooded(naming: Naming) {
  const time = new PassingTime();
  const clock = time.clock(1);
  const cluster = new SmallCluster();
  const compute = new FakeCompute();
  compute.naming = naming;
  compute.refuse(BAD.map(identityId));
  for (const name of NODES) compute.create(vm(name));
  const times: number[] = [];
  const timed = {
    get: compute.get.bind(compute),
    update: async (...all: Parameters<FakeCompute["update"]>) => {
      if (all[0].name === "node-0") times.push(time.ms);
      await compute.update(...all);
    },
  };
  const log = createLog({ write: () => {} });
  const announcer = { record: () => {} };
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined, clock });
  const machines = new ArmMachines({ compute: timed, clock, random: () => 1 });
  const repairs = { mended: () => {}, refused: () => {} };
  const ports = {
    records: recordsIn(cluster),
    machines,
    neededOn: () => new Set<string>(),
    events,
    repairs,
    writesAtOnce: 20,
  };
  const pods = new Map<string, ReturnType<typeof pod>>();
  const given = {
    nodes: NODES.map((name) => node(name)),
    identities: [...BAD, "good"].map((name) => identity(name)),
    bindings: [
      ...BAD.map((name) => binding(name, { spec: { selector: "flood" } })),
      binding("good", { spec: { selector: "shop" } }),
    ],
  };
  const loop = new SyncLoop({
    snapshot: () => snapshot({ ...given, pods: [...pods.values()], assignments: cluster.assignments }),
    execute: (plan, signal) => executePlan(plan, ports, signal),
    machines,
    events,
    clock,
    random: () => 1,
    resyncMs: 3_600_000,
    firstPauseMs: 1_000,
  });
  const add = (name: string, selector: string, nodeName = "node-0") => {
    pods.set(name, pod(name, { selector, spec: { nodeName } }));
    loop.changed();
  };
  let wasStuck = false;
  const until = async (isOver: () => boolean) => {
    const began = time.ms;
    while (!isOver() && time.ms < began + 3 * 3_600_000) {
      await time.step();
      wasStuck ||= loop.isStuck;
    }
    return time.ms - began;
  };
  const isAssigned = (name: string) => cluster.assignments.some((one) => one.pod === name && one.state === "Assigned");
  return { time, compute, machines, times, add, until, isAssigned, loop, stuck: () => wasStuck };
}

it.each<Naming>(["all", "first", "none"])(
  "a pod waits for none of the bad identities that are searched for on its machine, named: %s",
  async (naming) => {
    const { time, compute, machines, times, add, until, isAssigned, loop, stuck } = flooded(naming);
    const stop = new AbortController();
    const run = loop.run(stop.signal);
    await new Promise((resolve) => setImmediate(resolve)); // it plans what it waits for
    add("flood", "flood");
    await until(() => time.ms >= MINUTE_MS);
    add("shop", "shop");
    expect(await until(() => isAssigned("shop"))).toBeLessThanOrEqual(5_000);
    await until(() => machines.quarantined === BAD.length);
    stop.abort(new Error("enough"));
    await run;
    expect([machines.quarantined, stuck()]).toEqual([BAD.length, false]);
    expect(compute.on(vm("node-0"))).toEqual([resourceKey(identityId("good"))]);
    for (const at of times) {
      expect(times.filter((one) => one >= at && one < at + MINUTE_MS).length).toBeLessThanOrEqual(4);
    }
  },
);

it("a pod that comes together with bad identities waits for none of them when Azure has taken its own before", async () => {
  const { add, until, isAssigned, loop } = flooded("none");
  const stop = new AbortController();
  const run = loop.run(stop.signal);
  await new Promise((resolve) => setImmediate(resolve)); // it plans what it waits for
  add("before", "shop", "node-1");
  await until(() => isAssigned("before"));
  add("flood", "flood");
  add("shop", "shop");
  expect(await until(() => isAssigned("shop"))).toBeLessThanOrEqual(MINUTE_MS);
  stop.abort(new Error("enough"));
  await run;
});
