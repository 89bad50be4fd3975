import { expect, it } from "vitest";
import { FakeCompute } from "../../test/support/fake-compute.ts";
import { binding, identity, node, pod } from "../../test/support/make.ts";
import { PassingTime } from "../../test/support/passing-time.ts";
import { SmallCluster, snapshot } from "../../test/support/small-cluster.ts";
import { readAssignment, writeAssignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { ArmMachines } from "../azure/machines.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { micEvents } from "./events.ts";
import { executePlan } from "./execute.ts";
import { SyncLoop } from "./loop.ts";
import { micMetrics } from "./metrics.ts";
import type { Records } from "./ports.ts";

const vm = (name: string) => `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/${name}`;
const HOUR_MS = 3_600_000;

/** Records without an API server in between. */
function recordsIn(cluster: SmallCluster): Records {
  return {
    write: async (draft, over) => cluster.put(readAssignment(writeAssignment(draft, over?.meta))),
    confirm: async (record, { isAssigned }) => {
      cluster.put({ ...record, state: isAssigned ? "Assigned" : record.state });
    },
    remove: async ({ meta }) => void cluster.records.delete(objectKey(meta)),
  };
}

/** MIC's loop and its side of Azure, over two VMs in memory, while hours pass in no time. */
function running() {
  const time = new PassingTime();
  const clock = time.clock(1);
  const cluster = new SmallCluster();
  const compute = new FakeCompute();
  for (const name of ["node-0", "node-1"]) compute.create(vm(name));
  const pods = new Map([["sick", pod("sick")]]);
  const given = {
    nodes: [node("node-0"), node("node-1")],
    identities: [identity("demo")],
    bindings: [binding("demo")],
  };
  const announcer = { record: () => {} };
  const log = createLog({ write: () => {} });
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined, clock });
  const told: unknown[] = [];
  const machines = new ArmMachines({ compute, clock, random: () => 1, onBreaker: (...all) => told.push(all) });
  const repairs = { mended: () => {}, refused: () => {} };
  const ports = {
    records: recordsIn(cluster),
    machines,
    neededOn: () => new Set<string>(),
    events,
    repairs,
    writesAtOnce: 20,
  };
  const loop = new SyncLoop({
    snapshot: () => snapshot({ ...given, pods: [...pods.values()], assignments: cluster.assignments }),
    execute: (plan, signal) => executePlan(plan, ports, signal),
    machines,
    events,
    clock,
    random: () => 1,
    resyncMs: HOUR_MS,
    firstPauseMs: 1_000,
  });
  return { time, cluster, compute, pods, told, loop };
}

it("gives pods of healthy machines their identity at once while one machine has failed for an hour", async () => {
  const { time, cluster, compute, pods, told, loop } = running();
  compute.failAlways(vm("node-0"), { status: 500, code: "InternalExecutionError" });
  const stop = new AbortController();
  const run = loop.run(stop.signal);
  await new Promise((resolve) => setImmediate(resolve)); // it plans what it waits for
  while (time.ms < HOUR_MS) await time.step();
  const tries = compute.patches.length;
  const waits: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const began = time.ms;
    const name = `good-${i}`;
    pods.set(name, pod(name, { spec: { nodeName: "node-1" } }));
    loop.changed();
    const isAssigned = () => cluster.assignments.some((one) => one.pod === name && one.state === "Assigned");
    while (!isAssigned() && time.ms < began + HOUR_MS / 4) await time.step();
    waits.push(time.ms - began);
    pods.delete(name);
    loop.changed();
    while (time.ms < began + HOUR_MS / 4) await time.step();
  }
  stop.abort(new Error("enough"));
  await run;
  expect([Math.max(...waits) < 1_000, told, compute.on(vm("node-1"))]).toEqual([true, [], []]);
  // The sick machine is tried about once a minute, so that it is well soon after Azure is.
  expect(tries).toBeGreaterThan(30);
  expect(tries).toBeLessThan(90);
});
