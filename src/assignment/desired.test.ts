import { describe, expect, it } from "vitest";
import { settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, node, pod, scaleSetProviderId, vmProviderId } from "../../test/support/make.ts";
import type { Pod } from "../api/pod.ts";
import { desiredAssignments } from "./desired.ts";
import { wantedKey } from "./names.ts";
import type { Snapshot } from "./types.ts";

const base = {
  pods: [pod("web")],
  nodes: [node("node-0")],
  identities: [identity("demo")],
  bindings: [binding("demo")],
};
const namespaced = { annotations: { "aadpodidentity.k8s.io/Behavior": "namespaced" } };

function dying(one: Pod): Pod {
  return { ...one, meta: { ...one.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } };
}

function wantedOf(over: Partial<Snapshot>): string[] {
  const { wanted } = desiredAssignments(snapshot({ ...base, ...over }));
  return wanted.map((one) => (one.placement === undefined ? `${wantedKey(one)} without Azure` : wantedKey(one)));
}

function notesOf(over: Partial<Snapshot>): string[] {
  return desiredAssignments(snapshot({ ...base, ...over })).notes.map(({ code, pod }) =>
    pod === undefined ? code : `${code} for ${pod.meta.name}`,
  );
}

describe("desiredAssignments", () => {
  const web = "default default/web default/demo";

  it.each([
    { when: "a labelled pod runs on a known node", over: {}, wanted: [web] },
    { when: "the pod has no label", over: { pods: [pod("web", { selector: "" })] }, wanted: [] },
    {
      when: "a selector is empty, as is the label that the pod lacks",
      over: { pods: [pod("web", { selector: "" })], bindings: [binding("demo", { spec: { selector: "" } })] },
      wanted: [],
    },
    { when: "selectors differ in case", over: { pods: [pod("web", { selector: "Demo" })] }, wanted: [] },
    { when: "the pod is being deleted", over: { pods: [dying(pod("web"))] }, wanted: [web] },
    {
      when: "the pod lives in another namespace than binding and identity",
      over: { pods: [pod("web", { namespace: "shop" })] },
      wanted: ["default shop/web default/demo"],
    },
    {
      when: "two bindings name one identity",
      over: { bindings: [binding("demo"), { ...binding("demo"), meta: { ...binding("demo").meta, name: "again" } }] },
      wanted: [web],
    },
    {
      when: "two identities are bound to one label",
      over: {
        identities: [identity("demo"), identity("other")],
        bindings: [binding("demo"), binding("other", { spec: { selector: "demo" } })],
      },
      wanted: [web, "default default/web default/other"],
    },
    {
      when: "one identity name exists in two namespaces",
      over: {
        identities: [identity("demo"), identity("demo", { namespace: "shop" })],
        bindings: [binding("demo"), binding("demo", { namespace: "shop" })],
      },
      wanted: [web, "default default/web shop/demo"],
    },
    {
      when: "the identity is a service principal",
      over: { identities: [identity("demo", { spec: { type: 1, resourceID: "" } })] },
      wanted: [`${web} without Azure`],
    },
    {
      when: "a service principal's pod runs on a machine of another subscription",
      over: {
        identities: [identity("demo", { spec: { type: 2 } })],
        nodes: [node("node-0", vmProviderId("node-0").replace("/sub/", "/theirs/"))],
      },
      wanted: [`${web} without Azure`],
    },
  ])("$when: $wanted", ({ over, wanted }) => {
    expect(wantedOf(over)).toEqual(wanted);
  });

  it.each([
    { over: { pods: [pod("web", { status: { phase: "Succeeded" } })] }, notes: ["pod-finished for web"] },
    { over: { pods: [pod("web", { status: { phase: "Failed" } })] }, notes: ["pod-finished for web"] },
    { over: { pods: [pod("web", { spec: { nodeName: "" } })] }, notes: ["pod-unscheduled for web"] },
    { over: { pods: [pod("web", { selector: "none" })] }, notes: ["pod-unbound for web"] },
    { over: { nodes: [] }, notes: ["node-unknown for web"] },
    { over: { identities: [] }, notes: ["identity-missing", "identity-missing for web"] },
    {
      over: { identities: [identity("demo", { namespace: "shop" })] },
      notes: ["identity-missing", "identity-missing for web"],
    },
    {
      over: { identities: [identity("demo", { spec: { type: 9 } })] },
      notes: ["identity-invalid", "identity-invalid for web"],
    },
    { over: { identities: [identity("demo", { spec: { resourceID: "x" } })], pods: [] }, notes: ["identity-invalid"] },
    {
      over: { nodes: [node("node-0", vmProviderId("node-0").replace("/sub/", "/theirs/"))] },
      notes: ["machine-foreign for web"],
    },
    { over: { nodes: [node("node-0", "aws:///eu-west-1a/i-0123456789")] }, notes: ["node-foreign for web"] },
    {
      over: { nodes: [node("node-0", "azure:///subscriptions/s/resourceGroups/rg")] },
      notes: ["node-foreign for web"],
    },
    { over: {}, notes: [] },
  ])("says why: $notes", ({ over, notes }) => {
    expect(notesOf(over)).toEqual(notes);
    if (notes.length > 0) expect(wantedOf(over)).toEqual([]);
  });

  it("lets a wrong identity stop nobody else", () => {
    const identities = [identity("demo"), identity("bad", { spec: { resourceID: "bad" } })];
    const bindings = [binding("demo"), binding("bad", { spec: { selector: "demo" } })];
    expect(wantedOf({ identities, bindings })).toEqual([web]);
    expect(notesOf({ identities, bindings })).toEqual(["identity-invalid", "identity-invalid for web"]);
  });

  it.each([
    { by: "the mode", over: { settings: { ...settings, isNamespaced: true } }, spec: {} },
    { by: "the identity's annotation", over: {}, spec: namespaced },
  ])("keeps an identity in its namespace, and its records too, when $by says so", ({ over, spec }) => {
    const shop = { namespace: "shop" };
    const world = {
      ...over,
      identities: [identity("demo", { ...shop, ...spec })],
      bindings: [binding("demo", shop)],
      pods: [pod("web", shop), pod("thief")],
    };
    expect(wantedOf(world)).toEqual(["shop shop/web shop/demo"]);
    expect(notesOf(world)).toEqual(["pod-elsewhere for thief"]);
  });

  it("binds by the heaviest binding, then by name", () => {
    const light = binding("demo");
    const heavy = { ...binding("demo", { spec: { weight: 2 } }), meta: { ...light.meta, name: "z" } };
    const { wanted } = desiredAssignments(snapshot({ ...base, bindings: [light, heavy] }));
    expect(wanted.map((one) => one.binding.meta.name)).toEqual(["z"]);
  });

  it.each([
    { providerId: vmProviderId("vm-7"), machine: "virtualmachines/vm-7" },
    { providerId: vmProviderId("VM-7").toUpperCase().replace("AZURE", "azure"), machine: "virtualmachines/vm-7" },
    { providerId: scaleSetProviderId("pool", 3), machine: "virtualmachinescalesets/pool" },
    { providerId: scaleSetProviderId("Pool", 12), machine: "virtualmachinescalesets/pool" },
    { providerId: "", machine: "virtualmachines/node-0" },
  ])("takes $providerId for $machine", ({ providerId, machine }) => {
    const { wanted } = desiredAssignments(snapshot({ ...base, nodes: [node("node-0", providerId)] }));
    const prefix = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
    expect(wanted[0]?.placement?.machine).toBe(`${prefix}/${machine}`);
  });
});
