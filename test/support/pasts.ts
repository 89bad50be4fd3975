import fc from "fast-check";
import { resourceKey } from "../../src/api/resource-id.ts";
import { desiredAssignments } from "../../src/assignment/desired.ts";
import { planAssignments } from "../../src/assignment/plan.ts";
import { isDying, isGuarded } from "../../src/assignment/records.ts";
import type { Snapshot } from "../../src/assignment/types.ts";
import { SmallCluster, snapshot } from "./kube/small-cluster.ts";
import { dying, marked } from "./plan-lines.ts";
import { type Moment, moment } from "./time/moments.ts";

/** What users do behind MIC's back, each to one record or machine that happens to be there. */
const deed = fc.record({
  which: fc.nat(7),
  what: fc.constantFrom("delete the record", "take its finalizer", "take the identity off"),
});
/** A history: moments, after how many steps whoever carries the plans out is killed in each, and what users do then. */
export const history = fc.array(
  fc.record({
    at: moment,
    steps: fc.oneof(fc.nat(12), fc.constant(1_000)),
    deeds: fc.array(deed, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
);
type Past = readonly (typeof history extends fc.Arbitrary<readonly (infer One)[]> ? One : never)[];

/** What leaders that were killed, each after some steps, have left behind. */
export function clusterAfter(past: Past): SmallCluster {
  const cluster = new SmallCluster();
  for (const { at, steps, deeds } of past) {
    cluster.stepsLeft = steps;
    settleOrDie(cluster, at);
    for (const one of deeds) suffer(cluster, one);
  }
  return cluster;
}

function settleOrDie(cluster: SmallCluster, at: Moment): void {
  for (let rounds = 0; cluster.stepsLeft > 0 && rounds < 10; rounds += 1) {
    const plan = planAssignments(look(cluster, at));
    if (plan.machines.length === 0) return;
    cluster.carryOut(plan);
  }
}

function suffer(cluster: SmallCluster, { which, what }: { readonly which: number; readonly what: string }): void {
  const record = cluster.assignments[which % Math.max(1, cluster.assignments.length)];
  if (record === undefined) return;
  if (what === "delete the record") {
    // Without a finalizer it is gone at once, and what it put on a machine is nobody's any more.
    if (isGuarded(record)) cluster.put(dying(record));
  } else if (what === "take its finalizer") {
    if (!isDying(record)) cluster.put(marked({ finalizers: [] }, record));
  } else {
    cluster.machines.get(record.machine)?.delete(resourceKey(record.identity.resourceId));
  }
}

/** What is there now; somebody has just compared the machines with what pods shall have. */
export function look(cluster: SmallCluster, at: Moment): Snapshot {
  const seen = snapshot({ ...at, assignments: cluster.assignments });
  const placements = desiredAssignments(seen).wanted.flatMap(({ placement }) => placement ?? []);
  const off = placements.filter(({ machine, resourceId }) => !cluster.on(machine).has(resourceId));
  return { ...seen, drift: off.map((one) => ({ ...one, kind: "missing" })) };
}

/** `machine resource` of everything that pods need now. */
export function needed(at: Snapshot): string[] {
  const { wanted } = desiredAssignments(at);
  return [
    ...new Set(wanted.flatMap(({ placement: p }) => (p === undefined ? [] : [`${p.machine} ${p.resourceId}`]))),
  ].sort();
}
