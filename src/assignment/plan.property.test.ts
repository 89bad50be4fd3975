import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binding, identity, identityId, node, pod, scaleSetProviderId, vmProviderId } from "../../test/support/make.ts";
import { dying, marked } from "../../test/support/plan-lines.ts";
import { SmallCluster, snapshot } from "../../test/support/small-cluster.ts";
import { type Assignment, readAssignment } from "../api/assignment.ts";
import { readMachineId } from "../api/machine-id.ts";
import { resourceKey } from "../api/resource-id.ts";
import { desiredAssignments } from "./desired.ts";
import { planAssignments } from "./plan.ts";
import { isDying, isGuarded } from "./records.ts";
import type { Snapshot } from "./types.ts";

const NODES = ["vm-0", "vm-1", "set-0", "set-1", "SET-2"];
const NAMES = ["a", "b", "a-b"];
const NAMESPACES = ["default", "shop", "b-shop"];

function nodeOf(name: string) {
  const [kind, instance = "0"] = name.split("-");
  const isSet = kind?.toLowerCase() === "set";
  return node(name, isSet ? scaleSetProviderId(kind ?? "", Number(instance)) : vmProviderId(name));
}

const name = fc.constantFrom(...NAMES);
const namespace = fc.constantFrom(...NAMESPACES);
const pods = fc
  .uniqueArray(
    fc.record({
      name,
      namespace,
      selector: fc.constantFrom("x", "y", ""),
      nodeName: fc.constantFrom("", "gone", ...NODES),
      phase: fc.constantFrom("Running", "Running", "Succeeded"),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, maxLength: 6 },
  )
  .map((list) =>
    list.map((one) =>
      pod(one.name, {
        namespace: one.namespace,
        selector: one.selector,
        spec: { nodeName: one.nodeName },
        status: { phase: one.phase },
      }),
    ),
  );
const identities = fc
  .uniqueArray(
    fc.record({
      name,
      namespace,
      type: fc.constantFrom(0, 0, 0, 1, 7),
      resource: fc.constantFrom("one", "ONE", "two", "/bad"),
      isNamespaced: fc.boolean(),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, maxLength: 4 },
  )
  .map((list) =>
    list.map((one) =>
      identity(one.name, {
        namespace: one.namespace,
        spec: { type: one.type, resourceID: identityId(one.resource) },
        annotations: one.isNamespaced ? { "aadpodidentity.k8s.io/Behavior": "namespaced" } : {},
      }),
    ),
  );
const bindings = fc
  .uniqueArray(fc.record({ name, namespace, selector: fc.constantFrom("x", "y"), weight: fc.nat(2) }), {
    selector: (one) => `${one.namespace}/${one.name}`,
    maxLength: 6,
  })
  .map((list) =>
    list.map(({ namespace, ...one }) =>
      binding(one.name, { namespace, spec: { selector: one.selector, weight: one.weight } }),
    ),
  );
const nodes = fc.subarray(NODES).map((names) => names.map(nodeOf));
const moment = fc.record({ pods, nodes, identities, bindings });
type Moment = { [Key in "pods" | "nodes" | "identities" | "bindings"]: Snapshot[Key] };

/** What is there now; somebody has just compared the machines with what pods shall have. */
function look(cluster: SmallCluster, at: Moment): Snapshot {
  const seen = snapshot({ ...at, assignments: cluster.assignments });
  const placements = desiredAssignments(seen).wanted.flatMap(({ placement }) => placement ?? []);
  const off = placements.filter(({ machine, resourceId }) => !cluster.on(machine).has(resourceId));
  return { ...seen, drift: off.map((one) => ({ ...one, kind: "missing" })) };
}

/** Carries plans out until there is nothing to do; how many it took. */
function settle(cluster: SmallCluster, at: Moment): number {
  for (let rounds = 0; rounds < 10; rounds += 1) {
    const plan = planAssignments(look(cluster, at));
    if (plan.machines.length === 0) return rounds;
    cluster.carryOut(plan);
  }
  throw new Error("the plans never end");
}

/** `machine resource` of everything that pods need now. */
function needed(at: Snapshot): string[] {
  const { wanted } = desiredAssignments(at);
  return [
    ...new Set(wanted.flatMap(({ placement: p }) => (p === undefined ? [] : [`${p.machine} ${p.resourceId}`]))),
  ].sort();
}

function carried(cluster: SmallCluster): string[] {
  return [...cluster.machines].flatMap(([machine, ids]) => [...ids].map((id) => `${machine} ${id}`)).sort();
}

/** What users do behind MIC's back, each to one record or machine that happens to be there. */
const deed = fc.record({
  which: fc.nat(7),
  what: fc.constantFrom("delete the record", "take its finalizer", "take the identity off"),
});
/** A history: moments, after how many steps whoever carries the plans out is killed in each, and what users do then. */
const history = fc.array(
  fc.record({
    at: moment,
    steps: fc.oneof(fc.nat(12), fc.constant(1_000)),
    deeds: fc.array(deed, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
);
type Past = readonly (typeof history extends fc.Arbitrary<readonly (infer One)[]> ? One : never)[];

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

/** How a text is changed that stands for a machine: Azure, or a URL, may take some of these for the machine itself. */
const forgery = fc.record({
  which: fc.nat(7),
  resource: fc.constantFrom("one", "two"),
  spell: fc.constantFrom<(id: string) => string>(
    (id) => id,
    (id) => `${id}/`,
    (id) => `${id}/extensions/x`,
    (id) => `${id}/virtualMachines/0`,
    (id) => `azure://${id}`,
    (id) => id.slice(1),
    (id) => id.toUpperCase(),
    (id) => id.replace("/rg/", "/x/../rg/"),
    (id) => id.replace("/rg/", "//rg/"),
    (id) => `${id}?a=b`,
    (id) => `${id}%20`,
    (id) => ` ${id}`,
    () => "..",
  ),
  what: fc.constantFrom("machine", "leftovers"),
});

/** What a tenant writes into `default` about a machine and an identity that others use. */
function forgedRecord(
  cluster: SmallCluster,
  at: Moment,
  { which, resource, spell, what }: typeof forgery extends fc.Arbitrary<infer One> ? One : never,
): Assignment | undefined {
  const known = [...cluster.machines.keys(), ...needed(look(cluster, at)).map((one) => one.split(" ")[0] ?? "")];
  const id = known[which % Math.max(1, known.length)];
  if (id === undefined) return undefined;
  const resourceId = identityId(resource);
  const text = what === "machine" ? spell(id) : JSON.stringify([{ machine: spell(id), resourceId }]);
  return readAssignment({
    metadata: {
      name: `forged-${which}`,
      namespace: "default",
      annotations: { [`aadpodidentity.k8s.io/${what}`]: text },
    },
    spec: {
      azureIdentityRef: { metadata: { name: "x", namespace: "default" }, spec: { type: 0, resourceID: resourceId } },
      pod: "nobody",
      podNamespace: "default",
      nodename: "nowhere",
    },
    status: { status: "Assigned" },
  });
}

describe("planAssignments", () => {
  it("gives the same plan in whatever order things are listed", () => {
    fc.assert(
      fc.property(history, moment, fc.infiniteStream(fc.nat()), (past, at, dice) => {
        const cluster = clusterAfter(past);
        const plain = look(cluster, at);
        const shuffle = <T>(list: readonly T[]) =>
          [...list]
            .map((one) => ({ one, at: dice.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
        const shuffled = {
          ...plain,
          pods: shuffle(plain.pods),
          nodes: shuffle(plain.nodes),
          identities: shuffle(plain.identities),
          bindings: shuffle(plain.bindings),
          assignments: shuffle(plain.assignments),
          drift: shuffle(plain.drift),
        };
        expect(planAssignments(shuffled).machines).toEqual(planAssignments(plain).machines);
      }),
    );
  });

  it("comes to rest, and then machines carry what is needed and nothing else, whenever a leader was killed", () => {
    fc.assert(
      fc.property(history, moment, (past, at) => {
        const cluster = clusterAfter(past);
        cluster.stepsLeft = Number.POSITIVE_INFINITY;
        settle(cluster, at);

        expect(carried(cluster)).toEqual(needed(look(cluster, at)));
        expect(cluster.assignments.map(({ state }) => state)).toEqual(cluster.assignments.map(() => "Assigned"));
        expect(cluster.assignments.filter((one) => isDying(one) || !isGuarded(one))).toEqual([]);
        expect(cluster.assignments).toHaveLength(desiredAssignments(look(cluster, at)).wanted.length);
      }),
      { numRuns: 300 },
    );
  });

  it("never takes off what a pod needs", () => {
    fc.assert(
      fc.property(history, moment, (past, at) => {
        const cluster = clusterAfter(past);
        const inUse = new Set(needed(look(cluster, at)));
        for (const { machine, detach } of planAssignments(look(cluster, at)).machines) {
          for (const id of detach) expect(inUse).not.toContain(`${machine} ${id}`);
        }
      }),
    );
  });

  it("never takes off what a pod needs, whatever somebody writes into a record's annotations", () => {
    fc.assert(
      fc.property(history, moment, fc.array(forgery, { minLength: 1, maxLength: 4 }), (past, at, forgeries) => {
        const cluster = clusterAfter(past);
        const inUse = new Set(needed(look(cluster, at)));
        const forged = forgeries.flatMap((one) => forgedRecord(cluster, at, one) ?? []);
        const seen = look(cluster, at);
        for (const { machine, detach } of planAssignments({ ...seen, assignments: [...seen.assignments, ...forged] })
          .machines) {
          expect(machine === "" || readMachineId(machine)?.id === machine).toBe(true);
          for (const id of detach) expect(inUse).not.toContain(`${machine} ${id}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** What leaders that were killed, each after some steps, have left behind. */
function clusterAfter(past: Past): SmallCluster {
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
