import { describe, expect, it } from "vitest";
import { SmallCluster, settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, identityId, node, pod, scaleSetProviderId, vmProviderId } from "../../test/support/make.ts";
import { demo, id, scaleSet, vm, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";
import type { Snapshot } from "./types.ts";

/** Whole courses of events, as users know them; each name is the sentence that the original's own tests were about. */

type Moment = Partial<Snapshot>;
const on = (name: string, nodeName: string, selector = "demo") => pod(name, { selector, spec: { nodeName } });
const give = (name: string, selector = name, over: object = {}) => ({
  identity: identity(name, over),
  binding: binding(name, { spec: { selector } }),
});
const giving = (...gifts: readonly ReturnType<typeof give>[]): Moment => ({
  identities: gifts.map((one) => one.identity),
  bindings: gifts.map((one) => one.binding),
});

/** A cluster that comes to rest after each moment, and what there is then. */
function course(start: Moment = {}) {
  const cluster = new SmallCluster();
  let now = snapshot({ ...world, ...start });
  const look = () => planAssignments({ ...now, assignments: cluster.assignments });
  return {
    becomes(next: Moment): void {
      now = { ...now, ...next };
      for (let plan = look(); plan.machines.length > 0; plan = look()) cluster.carryOut(plan);
    },
    records: () => cluster.assignments.map(({ meta, state }) => `${meta.namespace}/${meta.name} ${state}`).sort(),
    record: (name: string) => cluster.assignments.find(({ meta }) => meta.name === name),
    on: (machine: string) => [...cluster.on(machine)].sort(),
  };
}

describe("pods and identities", () => {
  it("a pod gets one record that names pod, node, binding and identity, and loses it with the pod", () => {
    const t = course();
    t.becomes({ pods: [pod("a")] });
    expect(t.records()).toEqual(["default/a-default-demo Assigned"]);
    expect(t.record("a-default-demo")).toMatchObject({
      pod: "a",
      podNamespace: "default",
      nodeName: "node-0",
      identity: { meta: { name: "demo" } },
      binding: { meta: { name: "demo-binding" } },
    });
    t.becomes({ pods: [] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([[], []]);
  });

  it("an edited identity and a second one for the selector: two records, the first with the new resource", () => {
    const t = course();
    t.becomes({ pods: [pod("a")] });
    t.becomes(giving(give("demo", "demo", { spec: { resourceID: identityId("next") } }), give("second", "demo")));
    expect(t.records()).toEqual(["default/a-default-demo Assigned", "default/a-default-second Assigned"]);
    expect(t.record("a-default-demo")?.identity.resourceId).toBe(identityId("next"));
    expect(t.on(vm("node-0"))).toEqual([id("next"), id("second")]);
  });

  it("a pod of the same name on another node: the same records, with the new node", () => {
    const t = course(giving(give("demo"), give("second", "demo")));
    t.becomes({ pods: [pod("a")] });
    t.becomes({ pods: [on("a", "node-1")] });
    expect(t.records()).toEqual(["default/a-default-demo Assigned", "default/a-default-second Assigned"]);
    expect(t.record("a-default-demo")).toMatchObject({ nodeName: "node-1", meta: { labels: { nodename: "node-1" } } });
    expect([t.on(vm("node-0")), t.on(vm("node-1"))]).toEqual([[], [id("demo"), id("second")]]);
  });

  it("an edit, a new identity and a pod that goes, all at once", () => {
    const gifts = [give("id-0"), give("id-1"), give("id-2")];
    const t = course(giving(...gifts));
    t.becomes({ pods: ["0", "1", "2"].map((n) => on(`pod-${n}`, "node-0", `id-${n}`)) });
    const changed = give("id-0", "id-0", { spec: { resourceID: identityId("new"), clientID: "new" } });
    t.becomes({
      ...giving(changed, ...gifts.slice(1), give("id-3", "id-2")),
      pods: [on("pod-0", "node-0", "id-0"), on("pod-2", "node-0", "id-2")],
    });
    expect(t.records()).toEqual([
      "default/pod-0-default-id-0 Assigned",
      "default/pod-2-default-id-2 Assigned",
      "default/pod-2-default-id-3 Assigned",
    ]);
    expect(t.record("pod-0-default-id-0")?.identity).toMatchObject({ clientId: "new", resourceId: identityId("new") });
    expect(t.on(vm("node-0"))).toEqual([id("id-2"), id("id-3"), id("new")]);
  });

  it("a pod whose label changes gets the other identity and gives the first one back", () => {
    const t = course(giving(give("demo"), give("other")));
    t.becomes({ pods: [pod("a")] });
    t.becomes({ pods: [pod("a", { selector: "other" })] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([["default/a-default-other Assigned"], [id("other")]]);
  });

  it.each([
    { gone: "identity", over: { identities: [] } },
    { gone: "binding", over: { bindings: [] } },
  ])("a pod whose $gone goes loses its record and its identity", ({ over }) => {
    const t = course();
    t.becomes({ pods: [pod("a")] });
    t.becomes(over);
    expect([t.records(), t.on(vm("node-0"))]).toEqual([[], []]);
  });

  it.each([1, 2])("a pod with a service principal of type %i is Assigned without a machine", (type) => {
    const t = course(giving(give("demo", "demo", { spec: { type, resourceID: "" } })));
    t.becomes({ pods: [pod("a")] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([["default/a-default-demo Assigned"], []]);
    t.becomes({ pods: [] });
    expect(t.records()).toEqual([]);
  });

  it("a pod that ends gives its identity back, while another keeps its own", () => {
    const t = course();
    t.becomes({ pods: [pod("job"), pod("web")] });
    t.becomes({ pods: [pod("job", { status: { phase: "Succeeded" } }), pod("web")] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([["default/web-default-demo Assigned"], [id("demo")]]);
    t.becomes({ pods: [pod("web", { status: { phase: "Failed" } })] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([[], []]);
  });

  it("one name of identity and binding in two namespaces: the pod gets both", () => {
    const shop = { identity: identity("demo", { namespace: "shop", spec: { resourceID: identityId("shops") } }) };
    const t = course({
      identities: [demo.identity, shop.identity],
      bindings: [demo.binding, binding("demo", { namespace: "shop" })],
    });
    t.becomes({ pods: [pod("a")] });
    expect(t.records()).toEqual([
      "default/a-default-demo Assigned",
      expect.stringMatching(/^default\/a-default-demo-[0-9a-f]{8} Assigned$/),
    ]);
    expect(t.on(vm("node-0"))).toEqual([id("demo"), id("shops")]);
  });

  it("the same names in two namespaces, namespaced: a record in each", () => {
    const far = { namespace: "far" };
    const t = course({
      settings: { ...settings, isNamespaced: true },
      identities: [demo.identity, identity("demo", far)],
      bindings: [demo.binding, binding("demo", far)],
    });
    t.becomes({ pods: [pod("a"), pod("a", far)] });
    expect(t.records()).toEqual(["default/a-default-demo Assigned", "far/a-far-demo Assigned"]);
  });
});

describe("machines", () => {
  const sets = [0, 1, 2].map((i) => node(`set1-${i}`, scaleSetProviderId("set1", i)));
  const nodes = [...sets, node("set2-0", scaleSetProviderId("SET2", 0))];
  const three = [on("a", "set1-0"), on("b", "set1-1"), on("c", "set2-0")];

  it("a scale set keeps an identity until the last pod on any instance goes", () => {
    const t = course({ nodes });
    t.becomes({ pods: three });
    expect([t.on(scaleSet("set1")), t.on(scaleSet("set2"))]).toEqual([[id("demo")], [id("demo")]]);
    t.becomes({ pods: three.slice(1) });
    expect(t.on(scaleSet("set1"))).toEqual([id("demo")]);
    t.becomes({ pods: three.slice(2) });
    expect([t.on(scaleSet("set1")), t.on(scaleSet("set2"))]).toEqual([[], [id("demo")]]);
    expect(t.records()).toEqual(["default/c-default-demo Assigned"]);
  });

  it("instances of a Flexible scale set are VMs of their own", () => {
    const flexible = ["flex_0a", "flex_0b"].map((name) => node(name, vmProviderId(name)));
    const t = course({ nodes: flexible });
    t.becomes({ pods: [on("a", "flex_0a"), on("b", "flex_0b")] });
    expect([t.on(vm("flex_0a")), t.on(vm("flex_0b"))]).toEqual([[id("demo")], [id("demo")]]);
    t.becomes({ pods: [on("b", "flex_0b")] });
    expect([t.on(vm("flex_0a")), t.on(vm("flex_0b"))]).toEqual([[], [id("demo")]]);
  });

  it("a VM and a scale set of one name are two machines", () => {
    const t = course({ nodes: [node("pool"), node("pool-0", scaleSetProviderId("pool", 0))] });
    t.becomes({ pods: [on("a", "pool"), on("b", "pool-0")] });
    t.becomes({ pods: [on("b", "pool-0")] });
    expect([t.on(vm("pool")), t.on(scaleSet("pool"))]).toEqual([[], [id("demo")]]);
  });

  it("nodes that go with their pods hold up nobody, VMs and instances alike", () => {
    const ten = Array.from({ length: 10 }, (_, i) => node(`node-${i}`));
    const pods = ten.map(({ meta }, i) => on(`pod-${i}`, meta.name));
    const t = course({ nodes: [...ten, ...sets] });
    t.becomes({ pods: [...pods, on("a", "set1-0"), on("b", "set1-1")] });
    t.becomes({
      nodes: [...ten.slice(0, 5), ...sets.slice(1)],
      pods: [...pods.slice(0, 5), on("new", "node-0"), on("b", "set1-1")],
    });
    expect(t.records()).toHaveLength(7);
    expect(t.records().every((one) => one.endsWith(" Assigned"))).toBe(true);
    expect([t.on(vm("node-9")), t.on(scaleSet("set1"))]).toEqual([[], [id("demo")]]);
    t.becomes({ nodes: ten.slice(0, 5), pods: pods.slice(0, 5) });
    expect(t.on(scaleSet("set1"))).toEqual([]);
  });

  it("a node name too long for a label is in the record, and cut in its label", () => {
    const long = `${"n".repeat(60)}.example.internal`;
    const t = course({ nodes: [node(long)] });
    t.becomes({ pods: [on("a", long)] });
    const { nodeName, meta } = t.record("a-default-demo") ?? {};
    expect([nodeName, meta?.labels.nodename]).toEqual([long, `${"n".repeat(60)}.ex`]);
    t.becomes({ pods: [] });
    expect([t.records(), t.on(vm(long))]).toEqual([[], []]);
  });

  it("pods that vanish and appear while nobody leads: what is left is right", () => {
    const t = course();
    t.becomes({ pods: [pod("pod1"), pod("pod2")] });
    t.becomes({ ...giving(give("demo"), give("id3")), pods: [on("pod3", "node-0", "id3")] });
    expect([t.records(), t.on(vm("node-0"))]).toEqual([["default/pod3-default-id3 Assigned"], [id("id3")]]);
  });
});
