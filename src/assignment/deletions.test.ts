import { describe, expect, it } from "vitest";
import { SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { identity, pod } from "../../test/support/make.ts";
import { demo, dying, id, lines, marked, record, vm, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";
import type { Snapshot } from "./types.ts";

const a = pod("a");
const b = pod("b");
const own = record({ ...demo, pod: a });
/** The record that takes the place of `own` while that one keeps its name. */
const successor = marked({ name: "a-default-demo-6b4f05ce" }, own);
const principal = { ...demo, identity: identity("demo", { spec: { type: 1 } }) };
const elsewhere = { leftovers: [{ machine: vm("gone"), resourceId: id("demo") }] };
const theirs = { finalizers: ["example.com/theirs"] };

describe("a record that somebody deletes", () => {
  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "nothing needs it",
      given: { assignments: [dying(own)] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "another pod needs its identity",
      given: { pods: [b], assignments: [dying(own), record({ ...demo, pod: b })] },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "its pod needs it: the successor comes first",
      given: { pods: [a], assignments: [dying(own)] },
      then: ["on virtualmachines/node-0", "create a-default-demo-6b4f05ce Created", "attach demo"],
    },
    {
      when: "its successor is there, which Azure may refuse for a long time",
      given: { pods: [a], assignments: [dying(own), { ...successor, state: "Created" }] },
      then: [
        "on virtualmachines/node-0",
        "confirm a-default-demo-6b4f05ce Assigned",
        "attach demo",
        "forget a-default-demo",
      ],
    },
    {
      when: "its successor is Assigned",
      given: { pods: [a], assignments: [dying(own), successor] },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "its successor is deleted too: no name is taken twice",
      given: { pods: [a], assignments: [dying(own), dying(successor)] },
      then: ["on virtualmachines/node-0", expect.stringMatching(/^create a-default-demo-(?!6b4f05ce)/), "attach demo"],
    },
    {
      when: "its pod needs it, and nothing in Azure",
      given: {
        pods: [a],
        identities: [principal.identity],
        assignments: [dying(record({ ...principal, pod: a }))],
      },
      then: ["on ", "create a-default-demo-6b4f05ce Assigned", "forget a-default-demo"],
    },
    {
      when: "it has left something on a machine whose node is gone",
      given: { assignments: [dying(record({ ...demo, pod: a }, "Unassigned", elsewhere))] },
      then: ["on virtualmachines/gone", "detach demo", "forget a-default-demo"],
    },
    {
      when: "its node is gone",
      given: { nodes: [], assignments: [dying(own)] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "its identity is on the machine for another pod that has no record yet",
      given: { pods: [b], assignments: [dying(own)] },
      then: ["on virtualmachines/node-0", "create b-default-demo Created", "attach demo"],
    },
  ])("when $when: $then", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });

  it("waits for nothing in Azure that another record stands for, since that may be refused for a long time", () => {
    const assignments = [dying(own), record({ ...demo, pod: b }, "Created")];
    const [plan] = planAssignments(snapshot({ ...world, pods: [b], assignments })).machines;
    expect([plan?.attach, plan?.forget]).toEqual([[id("demo")], [{ record: assignments[0], after: [] }]]);
  });

  it("goes in the end, and leaves the pod with a record and the machine as it was", () => {
    const cluster = new SmallCluster();
    cluster.put(dying(own));
    cluster.machines.set(vm("node-0"), new Set([id("demo")]));
    const look = () => snapshot({ ...world, pods: [a], assignments: cluster.assignments });
    for (let plan = planAssignments(look()); plan.machines.length > 0; plan = planAssignments(look())) {
      cluster.carryOut(plan);
      expect([...cluster.on(vm("node-0"))]).toEqual([id("demo")]);
    }
    expect(cluster.assignments.map(({ meta, state }) => `${meta.name} ${state}`)).toEqual([
      "a-default-demo-6b4f05ce Assigned",
    ]);
  });

  const over = dying(marked(theirs, { ...own, state: "Unassigned" }));

  it("is left to whoever else holds it once MIC is done with it, and its name too", () => {
    expect(lines({ assignments: [over] })).toEqual([]);
    expect(lines({ pods: [a], assignments: [over] })).toEqual([
      "on virtualmachines/node-0",
      "create a-default-demo-6b4f05ce Created",
      "attach demo",
    ]);
  });

  it.each([
    { when: "it is not Unassigned yet", one: { ...over, state: "Assigned" as const } },
    { when: "MIC's finalizer is still there", one: marked({ finalizers: own.meta.finalizers }, over) },
  ])("is not done with when $when", ({ one }) => {
    expect(lines({ assignments: [one] })).toContain("forget a-default-demo");
  });

  it("is not done with while it has left something on a machine", () => {
    expect(lines({ assignments: [{ ...over, ...elsewhere }] })).toContain("detach demo");
  });
});

describe("a record whose finalizer somebody took away", () => {
  const bare = (one = own) => marked({ finalizers: [] }, one);

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "Assigned",
      given: { pods: [a], assignments: [bare()] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned"],
    },
    {
      when: "Created",
      given: { pods: [a], assignments: [bare({ ...own, state: "Created" })] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Created", "attach demo"],
    },
    {
      when: "Assigned, and it needs nothing in Azure",
      given: {
        pods: [a],
        identities: [principal.identity],
        assignments: [bare(record({ ...principal, pod: a }))],
      },
      then: ["on ", "rewrite a-default-demo Assigned"],
    },
    {
      when: "Assigned, and nothing needs it",
      given: { assignments: [bare()] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
  ])("is mended and stays as it is: $when", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });

  it("is guarded again after one round", () => {
    const cluster = new SmallCluster();
    cluster.put(bare());
    const look = () => snapshot({ ...world, pods: [a], assignments: cluster.assignments });
    cluster.carryOut(planAssignments(look()));
    expect(cluster.assignments[0]?.meta.finalizers).toEqual(own.meta.finalizers);
    expect(planAssignments(look()).machines).toEqual([]);
  });
});
