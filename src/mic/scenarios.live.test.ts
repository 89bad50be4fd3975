import { describe, expect, it, vi } from "vitest";
import { identityId, scaleSetProviderId } from "../../test/support/make.ts";
import { demoCluster } from "../../test/support/mic-cluster.ts";
import { kinds } from "../api/kinds.ts";
import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";

/** The scenarios that the original tested its controller with: pods, bindings and identities that come, change and go. */

const machine = (name: string) =>
  `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/${name}`;
const id = (name: string) => resourceKey(identityId(name));
const hiccup = new Fault("ARM_ERROR", "Azure hiccups");

// Generous, since the machine may be busy with other things; nothing here waits that long by itself.
vi.setConfig({ testTimeout: 30_000 });
const eventually = (look: () => unknown) => expect.poll(look, { timeout: 15_000, interval: 20 });

describe("MIC", () => {
  it("K2, K3: makes a record for a pod, and removes it with the pod", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(await world.record("web-default-demo")).toMatchObject({
      spec: {
        pod: "web",
        podNamespace: "default",
        nodename: "vm-0",
        azureIdentityRef: { kind: "AzureIdentity", metadata: { name: "demo" } },
        azureBindingRef: { kind: "AzureIdentityBinding", metadata: { name: "demo-binding" } },
      },
    });
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
  });

  it("K4: leaves the record of a pod Created while Azure fails", async () => {
    await using world = await demoCluster();
    await world.lead();
    world.machines.failNext(hiccup, 1_000);
    await world.pod("web", "vm-0");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingApplyError");
    expect(await world.states()).toEqual(["web-default-demo Created"]);
  });

  it("K5, K6: follows an identity that is edited, one that is added, and a pod that comes back on another node", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    await Promise.all([
      world.edit(kinds.identity, "demo", { resourceID: identityId("edited") }),
      world.identity("more"),
      world.binding("more", "demo"),
    ]);
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-more Assigned"]);
    await eventually(() => world.machines.on(machine("vm-0"))).toEqual([id("edited"), id("more")]);
    const identity = (await world.client.get(kinds.identity, { namespace: "default", name: "demo" }, never)) as {
      metadata: { resourceVersion: string };
    };
    const { resourceVersion } = identity.metadata;
    expect(await world.record("web-default-demo")).toMatchObject({
      spec: { azureIdentityRef: { metadata: { resourceVersion }, spec: { resourceID: identityId("edited") } } },
    });

    await world.remove(kinds.pod, "web");
    await world.pod("web", "vm-1");
    await eventually(() => world.machines.on(machine("vm-1"))).toEqual([id("edited"), id("more")]);
    await eventually(() => world.machines.on(machine("vm-0"))).toEqual([]);
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-more Assigned"]);
    for (const name of ["web-default-demo", "web-default-more"]) {
      expect(await world.record(name)).toMatchObject({ metadata: { labels: { nodename: "vm-1" } } });
    }
  });

  it("K7: follows several changes at once", async () => {
    await using world = await demoCluster();
    const pods = [0, 1, 2];
    await Promise.all(pods.flatMap((i) => [world.identity(`id-${i}`), world.binding(`id-${i}`)]));
    await Promise.all(pods.map((i) => world.pod(`pod-${i}`, "vm-0", `id-${i}`)));
    await world.lead();
    await eventually(world.states).toEqual(pods.map((i) => `pod-${i}-default-id-${i} Assigned`));
    await Promise.all([
      world.edit(kinds.identity, "id-0", { resourceID: identityId("new"), clientID: "new" }),
      world.identity("id-3"),
      world.binding("id-3", "id-2"),
      world.remove(kinds.pod, "pod-1"),
    ]);
    await eventually(world.states).toEqual([
      "pod-0-default-id-0 Assigned",
      "pod-2-default-id-2 Assigned",
      "pod-2-default-id-3 Assigned",
    ]);
    await eventually(() => world.machines.on(machine("vm-0"))).toEqual([id("id-2"), id("id-3"), id("new")]);
    expect(await world.record("pod-0-default-id-0")).toMatchObject({
      spec: { azureIdentityRef: { spec: { clientID: "new", resourceID: identityId("new") } } },
    });
  });

  it("K8: catches up with what happened while nobody led", async () => {
    await using world = await demoCluster();
    await Promise.all([1, 2, 3].flatMap((i) => [world.identity(`id-${i}`), world.binding(`id-${i}`)]));
    const first = await world.lead();
    await Promise.all([world.pod("pod-1", "vm-0", "id-1"), world.pod("pod-2", "vm-0", "id-2")]);
    await eventually(world.states).toEqual(["pod-1-default-id-1 Assigned", "pod-2-default-id-2 Assigned"]);
    await first.end();
    await Promise.all([world.remove(kinds.pod, "pod-1"), world.remove(kinds.pod, "pod-2")]);
    await world.pod("pod-3", "vm-0", "id-3");
    await world.lead();
    await eventually(world.states).toEqual(["pod-3-default-id-3 Assigned"]);
    expect(world.machines.on(machine("vm-0"))).toEqual([id("id-3")]);
  });

  it("K15: keeps namespaces apart when it is told to", async () => {
    await using world = await demoCluster();
    const other = world.within("kube-public");
    await Promise.all([other.identity("demo"), other.binding("demo"), other.pod("web", "vm-0")]);
    await world.pod("web", "vm-0");
    await world.lead({ isNamespaced: true });
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-kube-public-demo Assigned"]);
    expect(
      await world.client.get(kinds.assignment, { namespace: "kube-public", name: "web-kube-public-demo" }, never),
    ).toBeDefined();
  });

  it("K16: takes an identity off by itself after that has failed once", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.machines.failNext(hiccup);
    await world.remove(kinds.pod, "web");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    await eventually(world.states).toEqual([]);
    expect(world.machines.on(machine("vm-0"))).toEqual([]);
  });

  it("K17: is not held up by nodes that vanish with their pods", async () => {
    await using world = await demoCluster();
    const all = Array.from({ length: 10 }, (_, i) => i);
    await Promise.all(all.map((i) => world.node(`node-${i}`)));
    await Promise.all(all.map((i) => world.pod(`pod-${i}`, `node-${i}`)));
    await world.lead();
    await eventually(world.states).toEqual(all.map((i) => `pod-${i}-default-demo Assigned`));
    const gone = all.slice(5);
    await Promise.all(
      gone.flatMap((i) => [world.remove(kinds.node, `node-${i}`), world.remove(kinds.pod, `pod-${i}`)]),
    );
    await world.pod("more", "node-0");
    const stay = all.slice(0, 5).map((i) => `pod-${i}-default-demo Assigned`);
    await eventually(world.states).toEqual(["more-default-demo Assigned", ...stay]);
  });

  it("K19: stops at once when there is nothing to do", async () => {
    await using world = await demoCluster();
    const { loop, end } = await world.lead();
    expect(loop.isRunning).toBe(true);
    await end();
    expect(loop.isRunning).toBe(false);
  });

  it("M9: makes a record whose removal got stuck count again for a pod that comes back", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.api.failNext({ verb: "delete", resource: "azureassignedidentities" }, { code: 500, message: "no" }, 1_000);
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual(["web-default-demo Unassigned"]);
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(world.machines.on(machine("vm-0"))).toEqual([id("demo")]);
    expect(await world.record("web-default-demo")).toMatchObject({ metadata: { finalizers: [expect.any(String)] } });
  });

  it("holds up nobody by a record that the API server does not let go", async () => {
    await using world = await demoCluster();
    await Promise.all([world.identity("sp", { type: 1 }), world.binding("sp")]);
    await world.lead();
    await world.pod("bad", "vm-0", "sp");
    await eventually(world.states).toEqual(["bad-default-sp Assigned"]);
    const failure = { code: 503, message: "not now", retryAfterSeconds: 600 };
    world.api.failNext({ verb: "delete", name: "bad-default-sp" }, failure, 1_000);
    await world.remove(kinds.pod, "bad");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    await world.pod("good", "vm-1", "sp");
    await eventually(world.states).toEqual(["bad-default-sp Unassigned", "good-default-sp Assigned"]);
  });
});

describe("MIC and scale sets", () => {
  const set = (name: string) =>
    `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachinescalesets/${name}`;
  const three = [
    { pod: "a", node: "one-0", providerId: scaleSetProviderId("one", 0) },
    { pod: "b", node: "one-1", providerId: scaleSetProviderId("one", 1) },
    { pod: "c", node: "two-0", providerId: scaleSetProviderId("two", 0) },
  ];
  const start = async () => {
    const world = await demoCluster();
    await Promise.all(three.map(({ node, providerId }) => world.node(node, providerId)));
    await Promise.all(three.map(({ pod, node }) => world.pod(pod, node)));
    await world.lead();
    await eventually(world.states).toEqual(["a", "b", "c"].map((pod) => `${pod}-default-demo Assigned`));
    expect([world.machines.on(set("one")), world.machines.on(set("two"))]).toEqual([[id("demo")], [id("demo")]]);
    return world;
  };

  it("K9, K10, K11: keep an identity as long as one of their instances needs it", async () => {
    await using world = await start();
    await world.remove(kinds.pod, "a");
    await eventually(world.states).toEqual(["b-default-demo Assigned", "c-default-demo Assigned"]);
    expect(world.machines.on(set("one"))).toEqual([id("demo")]);
    await world.remove(kinds.pod, "b");
    await eventually(world.states).toEqual(["c-default-demo Assigned"]);
    expect([world.machines.on(set("one")), world.machines.on(set("two"))]).toEqual([[], [id("demo")]]);
  });

  it("K20: keep a pinned identity for ever", async () => {
    await using world = await start();
    world.machines.pin(id("demo"));
    for (const pod of ["a", "b", "c"]) await world.remove(kinds.pod, pod);
    await eventually(world.states).toEqual([]);
    expect([world.machines.on(set("one")), world.machines.on(set("two"))]).toEqual([[id("demo")], [id("demo")]]);
  });
});

describe("MIC when Azure or the API server fails", () => {
  it("K12, K13, K14: keeps what it could not undo, goes on with others, and undoes it in the end", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("pod-1", "vm-0");
    await eventually(world.states).toEqual(["pod-1-default-demo Assigned"]);
    world.machines.failNext(hiccup, 3);
    await world.remove(kinds.pod, "pod-1");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    expect(await world.states()).toEqual(["pod-1-default-demo Assigned"]);

    world.api.failNext({ verb: "delete", resource: "azureassignedidentities" }, { code: 500, message: "no" }, 1_000);
    await world.pod("pod-2", "vm-1");
    await eventually(world.states).toEqual(["pod-1-default-demo Unassigned", "pod-2-default-demo Assigned"]);

    world.api.calm();
    await world.remove(kinds.pod, "pod-2");
    await eventually(world.states).toEqual([]);
    expect([world.machines.on(machine("vm-0")), world.machines.on(machine("vm-1"))]).toEqual([[], []]);
  });

  it("K21, K22: lets a refused identity wait alone, and a record stay that Azure does not let go", async () => {
    await using world = await demoCluster();
    await Promise.all([world.identity("bad"), world.binding("bad")]);
    world.machines.refuse(id("bad"));
    await world.lead();
    await Promise.all([world.pod("pod-1", "vm-0", "bad"), world.pod("pod-2", "vm-0")]);
    await eventually(world.states).toEqual(["pod-1-default-bad Created", "pod-2-default-demo Assigned"]);

    world.machines.refuse(id("bad"), false);
    const patch = world.machines.patch.bind(world.machines);
    const fault = new Fault("ARM_IDENTITY_REFUSED", "demo stays");
    world.machines.patch = async (machine, { attach }, signal) => {
      const { done } = await patch(machine, { attach, detach: [], renew: [], neededNow: () => new Set() }, signal);
      return { done, refused: new Map([[id("demo"), { fault, retryInMs: 100, isNew: true }]]), fault: undefined };
    };
    await world.remove(kinds.pod, "pod-2");
    await eventually(world.states).toEqual(["pod-1-default-bad Assigned", "pod-2-default-demo Assigned"]);
    await eventually(() => world.told.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("demo stays"),
    );
  });

  it.each([
    { row: "K23", providerId: undefined, kind: "virtualmachines", name: "node" },
    { row: "K24", providerId: scaleSetProviderId("pool", 0), kind: "virtualmachinescalesets", name: "pool" },
  ])("$row: puts back what somebody takes off one of $kind", async ({ providerId, kind, name }) => {
    await using world = await demoCluster();
    const where = `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/${kind}/${name}`;
    await world.node("node", providerId);
    await world.lead({ driftMs: 100 });
    await world.pod("web", "node");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.machines.takeOff(where, id("demo"));
    await eventually(() => world.machines.on(where)).toEqual([id("demo")]);
    await eventually(() => world.told.map(({ reason, about }) => `${reason} ${about.kind.kind}`)).toContain(
      "IdentityRestored Pod",
    );
    expect(await world.states()).toEqual(["web-default-demo Assigned"]);
  });

  it("K25: never takes anything off for the sake of drift", async () => {
    await using world = await demoCluster();
    world.machines.put(machine("vm-0"), id("users"));
    await world.lead({ driftMs: 50 });
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const { length } = world.machines.reads;
    await eventually(() => world.machines.reads.length).toBeGreaterThan(length + 3);
    expect(world.machines.on(machine("vm-0"))).toEqual([id("demo"), id("users")]);
    expect(world.machines.patched).toHaveLength(1);
  });

  it("renews an identity that was created anew in Azure", async () => {
    await using world = await demoCluster();
    world.machines.create(id("demo"), "client-demo");
    await world.lead({ driftMs: 50 });
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.machines.create(id("demo"), "anew");
    await world.edit(kinds.identity, "demo", { clientID: "anew" });
    await eventually(async () => (await world.machines.read(machine("vm-0"))).clientIds).toEqual(
      new Map([[id("demo"), "anew"]]),
    );
    expect(world.machines.patched.length).toBeLessThan(4);
  });
});

const never = new AbortController().signal;
