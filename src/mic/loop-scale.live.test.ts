import { expect, it } from "vitest";
import { FakeMachines } from "../../test/support/azure/fake-machines.ts";
import { SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { readAssignment, writeAssignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { resourceKey } from "../api/resource-id.ts";
import { realClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { micEvents } from "./events.ts";
import { executePlan } from "./execute.ts";
import { SyncLoop } from "./loop.ts";
import { micMetrics } from "./metrics.ts";
import type { Records } from "./ports.ts";

const PODS = 20_000;
const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";

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

it("K18: gives 20,000 pods of one node their identity, and removes half of the records within 10 seconds", async () => {
  const cluster = new SmallCluster();
  const machines = new FakeMachines();
  const given = { nodes: [node("node-0")], identities: [identity("demo")], bindings: [binding("demo")] };
  let pods = Array.from({ length: PODS }, (_, i) => pod(`pod-${i}`));
  const log = createLog({ write: () => {} });
  const announcer = { record: () => {} };
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined });
  const ports = {
    records: recordsIn(cluster),
    machines,
    neededOn: () => new Set<string>(),
    events,
    repairs: { mended: () => {}, refused: () => {} },
    writesAtOnce: 20,
  };
  const loop = new SyncLoop({
    snapshot: () => snapshot({ ...given, pods, assignments: cluster.assignments }),
    execute: (plan, signal) => executePlan(plan, ports, signal),
    machines,
    events,
    clock: realClock,
    resyncMs: 3_600_000,
    firstPauseMs: 1_000,
  });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  const within = { timeout: 10_000, interval: 50 };
  const assigned = () => cluster.assignments.filter(({ state }) => state === "Assigned").length;
  await expect.poll(assigned, { ...within, timeout: 40_000 }).toBe(PODS);
  pods = pods.slice(PODS / 2);
  loop.changed();
  await expect.poll(() => cluster.assignments.length, within).toBe(PODS / 2);
  expect([machines.on(VM), machines.patched]).toEqual([[resourceKey(identityId("demo"))], [VM]]);
  stop.abort(new Error("enough"));
  await running;
}, 60_000);
