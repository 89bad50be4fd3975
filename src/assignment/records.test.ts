import { describe, expect, it } from "vitest";
import { SmallCluster, settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { identity, node, pod, vmProviderId } from "../../test/support/make.ts";
import { demo, dying, id, lines, marked, record, vm, world } from "../../test/support/plan-lines.ts";
import { type Assignment, readAssignment, writeAssignment } from "../api/assignment.ts";
import { planAssignments } from "./plan.ts";
import type { Snapshot } from "./types.ts";

const a = pod("a");
const away = vm("theirs").replace("/rg/", "/rg2/");
const awayNode = node("node-9", vmProviderId("theirs").replace("/rg/", "/rg2/"));
const nodes = [...world.nodes, awayNode];
const other = { identity: identity("demo", { spec: { clientID: "other" } }), binding: demo.binding };

describe("what a record says about machines", () => {
  const elsewhere = record({ ...demo, pod: a }, "Assigned", { machine: away });
  const left = record({ ...demo, pod: a }, "Assigned", { leftovers: [{ machine: away, resourceId: id("demo") }] });
  const shop = pod("a", { namespace: "shop" });

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "counts on a machine of another resource group while that has a node",
      given: { nodes, assignments: [elsewhere] },
      then: [`on ${away}`, "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not count there without a node: the record stays, but lets nobody use the identity",
      given: { assignments: [elsewhere] },
      then: ["on ", "rewrite a-default-demo Unassigned"],
    },
    {
      when: "does not count in its leftovers either: the record stays for them, and what is here goes",
      given: { assignments: [left] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Unassigned clearing demo", "detach demo"],
    },
    {
      when: "does not count once somebody has deleted the record",
      given: { assignments: [dying(elsewhere)] },
      then: ["on ", "forget a-default-demo"],
    },
    {
      when: "does not count in the leftovers of one that somebody has deleted",
      given: { assignments: [dying(left)] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not count in the leftovers of one that is needed",
      given: { pods: [a], assignments: [left] },
      then: [],
    },
    {
      when: "does not count in a namespace where MIC keeps no records",
      given: { assignments: [marked({ namespace: "theirs" }, record({ ...demo, pod: a }))] },
      then: [],
    },
    {
      when: "counts in the pod's own namespace",
      given: { assignments: [marked({ namespace: "shop" }, record({ ...demo, pod: shop }))] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-shop-demo"],
    },
  ])("$when", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });
});

describe("a pod whose node was deleted under it", () => {
  const gone = { nodes: [], pods: [a] };

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    { when: "keeps what it has", given: { assignments: [record({ ...demo, pod: a })] }, then: [] },
    {
      when: "keeps it through edits",
      given: { identities: [other.identity], assignments: [record({ ...demo, pod: a })] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned"],
    },
    {
      when: "keeps nothing of what it had on another node",
      given: { assignments: [record({ ...demo, pod: pod("a", { spec: { nodeName: "node-1" } }) })] },
      then: ["on virtualmachines/node-1", "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not keep what somebody deletes",
      given: { assignments: [dying(record({ ...demo, pod: a }))] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "keeps it on a machine that is not the cluster's",
      given: { assignments: [record({ ...demo, pod: a }, "Assigned", { machine: away })] },
      then: [],
    },
    { when: "gets nothing new on a machine", given: {}, then: [] },
    {
      when: "gets what needs no machine",
      given: { identities: [identity("demo", { spec: { type: 1 } })] },
      then: ["on ", "create a-default-demo Assigned"],
    },
  ])("$when", ({ given, then }) => {
    expect(lines({ ...gone, ...given })).toEqual(then);
  });
});

describe("a record that a release before 2.0 moved to another node, keeping the machine of the former", () => {
  /** As it lies at the API server. */
  const moved = (podName: string, from: string, to: string, nodes: Snapshot["nodes"] = world.nodes) => {
    const small = new SmallCluster();
    const one = small.put(record({ ...demo, pod: pod(podName, { spec: { nodeName: from } }) }));
    const object = writeAssignment({ ...one, ...one.meta }, one.meta) as { spec: object };
    const read = readAssignment({ ...object, spec: { ...object.spec, nodename: to } });
    for (const machine of [vm("node-0"), vm("node-1")]) small.machines.set(machine, new Set([id("demo")]));
    small.put(read);
    return { small, look: (over: Partial<Snapshot>) => ({ ...world, nodes, assignments: small.assignments, ...over }) };
  };
  const settle = ({ small, look }: ReturnType<typeof moved>, over: Partial<Snapshot>) => {
    const states: string[] = [];
    for (let rounds = 0; rounds < 5; rounds += 1) {
      small.carryOut(planAssignments(snapshot(look(over))));
      states.push(...small.assignments.map(({ state }) => state));
    }
    expect(planAssignments(snapshot(look(over))).machines).toEqual([]);
    return { states: [...new Set(states)], on: [vm("node-0"), vm("node-1")].map((one) => [...small.on(one)]) };
  };

  it("is rid of both when its pod has gone", () => {
    const one = moved("a", "node-0", "node-1");
    expect(settle(one, {}).on).toEqual([[], []]);
    expect(one.small.assignments).toEqual([]);
  });

  it("stays Assigned while its pod runs there, and the former machine is rid of it", () => {
    const pods = [pod("a", { spec: { nodeName: "node-1" } })];
    const one = moved("a", "node-0", "node-1");
    expect(settle(one, { pods })).toEqual({ states: ["Assigned"], on: [[], [id("demo")]] });
    expect(one.small.assignments[0]).toMatchObject({ machine: vm("node-1"), leftovers: [] });
  });

  it("leaves the former machine what other pods need there", () => {
    const others = [pod("b", { spec: { nodeName: "node-0" } })];
    const one = moved("a", "node-0", "node-1");
    one.small.put(record({ ...demo, pod: pod("b") }));
    expect(settle(one, { pods: others })).toEqual({ states: ["Assigned"], on: [[id("demo")], []] });
  });

  it("is still rid of the former one when the new node has gone", () => {
    const nodes = world.nodes.slice(0, 1);
    expect(settle(moved("a", "node-0", "node-1", nodes), {}).on[0]).toEqual([]);
  });
});

describe("a record of an older release whose node is not there", () => {
  const old = record({ ...demo, pod: pod("a", { spec: { nodeName: "gone" } }) }, "Assigned", { machine: "" });
  const plans = (over: Partial<Snapshot>) =>
    planAssignments(snapshot({ ...world, assignments: [old], ...over })).machines;

  it("goes, with the remark that nobody knows where its identity is", () => {
    expect(plans({}).map(({ machine, forget }) => [machine, forget])).toEqual([
      ["", [{ record: old, after: [], isUntraced: true }]],
    ]);
  });

  it("is written anew with the same remark when its pod comes back on another node", () => {
    expect(
      plans({ pods: [a] }).flatMap(({ work }) => work.map(({ draft, isUntraced }) => [draft?.nodeName, isUntraced])),
    ).toEqual([["node-0", true]]);
  });

  it.each<{ when: string; one: Assignment }>([
    { when: "its node is there", one: { ...old, nodeName: "node-0" } },
    { when: "it names its machine", one: { ...old, machine: vm("gone") } },
    { when: "it is Unassigned", one: { ...old, state: "Unassigned" } },
    { when: "it needs nothing in Azure", one: { ...old, identity: identity("demo", { spec: { type: 1 } }) } },
  ])("goes without the remark when $when", ({ one }) => {
    expect(plans({ assignments: [one] }).flatMap(({ forget }) => forget.map(({ isUntraced }) => isUntraced))).toEqual([
      undefined,
    ]);
  });
});

describe("an identity that an AzureIdentity calls by a pinned client ID", () => {
  const pinned = { ...settings, pinnedClientIds: new Set(["client-of-demo"]) };

  it.each<{ by: string; given: Partial<Snapshot> }>([
    { by: "an AzureIdentity", given: { assignments: [record({ ...other, pod: a })] } },
    { by: "a record's own copy", given: { identities: [], assignments: [record({ ...demo, pod: a })] } },
  ])("is wished off the machine all the same, since $by may be anybody's", ({ given }) => {
    expect(lines({ ...given, settings: pinned })).toEqual([
      "on virtualmachines/node-0",
      "detach demo",
      "forget a-default-demo",
    ]);
  });
});

describe("of two records for one thing", () => {
  const plain = record({ ...demo, pod: a });

  it.each([
    { kept: "the one that lives", surplus: dying(plain) },
    { kept: "the one that is Assigned", surplus: { ...plain, state: "Created" as const } },
  ])("$kept is kept", ({ surplus }) => {
    const best = marked({ name: "z" }, plain);
    for (const assignments of [
      [surplus, best],
      [best, surplus],
    ]) {
      expect(lines({ pods: [a], assignments })).toEqual(["on virtualmachines/node-0", "forget a-default-demo"]);
    }
  });

  it("the first by name is kept when they are equal", () => {
    const assignments = [marked({ name: "z" }, plain), plain];
    expect(lines({ pods: [a], assignments })).toEqual(["on virtualmachines/node-0", "forget z"]);
  });
});
