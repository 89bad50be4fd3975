import { describe, expect, it } from "vitest";
import { SmallCluster, settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, pod } from "../../test/support/make.ts";
import { dying, id, lines, marked, record, vm, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";
import type { Snapshot } from "./types.ts";

const shop = { namespace: "shop" };
const web = pod("web", shop);
const demo = { identity: identity("demo", shop), binding: binding("demo", shop) };
const annotated = identity("demo", { ...shop, annotations: { "aadpodidentity.k8s.io/Behavior": "namespaced" } });
const given = { pods: [web], identities: [demo.identity], bindings: [demo.binding] };
const namespaced = { settings: { ...settings, isNamespaced: true } };
/** The pod's record as the cluster-wide mode has it, and as the namespaced one has it. */
const wide = record({ ...demo, pod: web });
const own = marked(shop, wide);

describe("a pod's record when the mode changes", () => {
  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "it has to lie in the pod's namespace from now on",
      given: { ...namespaced, assignments: [wide] },
      then: ["on virtualmachines/node-0", "create web-shop-demo Created", "attach demo"],
    },
    {
      when: "its successor there is not Assigned yet",
      given: { ...namespaced, assignments: [wide, { ...own, state: "Created" }] },
      then: ["on virtualmachines/node-0", "confirm web-shop-demo Assigned", "attach demo"],
    },
    {
      when: "its successor is Assigned",
      given: { ...namespaced, assignments: [wide, own] },
      then: ["on virtualmachines/node-0", "forget web-shop-demo"],
    },
    {
      when: "it has to lie in default again",
      given: { assignments: [own] },
      then: ["on virtualmachines/node-0", "create web-shop-demo Created", "attach demo"],
    },
    {
      when: "the identity's annotation asks for it",
      given: { identities: [annotated], assignments: [wide] },
      then: ["on virtualmachines/node-0", "create web-shop-demo Created", "attach demo"],
    },
    {
      when: "somebody deletes the old one, which then does not wait for Azure",
      given: { ...namespaced, assignments: [dying(wide), { ...own, state: "Created" }] },
      then: ["on virtualmachines/node-0", "confirm web-shop-demo Assigned", "attach demo", "forget web-shop-demo"],
    },
    {
      when: "the old one was never Assigned",
      given: { ...namespaced, assignments: [{ ...wide, state: "Created" }, own] },
      then: ["on virtualmachines/node-0", "forget web-shop-demo"],
    },
    {
      when: "the pod may not have the identity any more",
      given: { ...namespaced, pods: [pod("web")], assignments: [record({ ...demo, pod: pod("web") })] },
      then: ["on virtualmachines/node-0", "detach demo", "forget web-default-demo"],
    },
    {
      when: "the pod is gone",
      given: { ...namespaced, pods: [], assignments: [wide] },
      then: ["on virtualmachines/node-0", "detach demo", "forget web-shop-demo"],
    },
  ])("when $when: $then", ({ given: over, then }) => {
    expect(lines({ ...given, ...over })).toEqual(then);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])("is Assigned in one of the two namespaces after %i steps", (steps) => {
    const cluster = new SmallCluster();
    cluster.put(wide);
    cluster.machines.set(vm("node-0"), new Set([id("demo")]));
    cluster.stepsLeft = steps;
    const next = () =>
      planAssignments(snapshot({ ...world, ...given, ...namespaced, assignments: cluster.assignments }));
    for (let plan = next(); cluster.stepsLeft > 0 && plan.machines.length > 0; plan = next()) cluster.carryOut(plan);
    expect(cluster.assignments.some(({ state }) => state === "Assigned")).toBe(true);
    expect([...cluster.on(vm("node-0"))]).toEqual([id("demo")]);
    if (steps === 6) expect(cluster.assignments.map(({ meta }) => meta.namespace)).toEqual(["shop"]);
  });
});
