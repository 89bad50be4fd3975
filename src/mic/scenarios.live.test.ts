import { describe, expect, it } from "vitest";
import { identityId, scaleSetProviderId } from "../../test/support/make.ts";
import { demoCluster, servedCluster } from "../../test/support/mic/cluster.ts";
import { id, scaleSet, vm } from "../../test/support/plan-lines.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { kinds } from "../api/kinds.ts";

/** Scenarios that the original tested its controller with: pods, bindings and identities that come, change and go. */

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

  it("K5, K6: follows an identity that is edited, one that is added, and a pod that comes back on another node", async () => {
    await using world = await servedCluster();
    await Promise.all([
      world.edit(kinds.identity, "demo", { resourceID: identityId("edited") }),
      world.identity("more"),
      world.binding("more", "demo"),
    ]);
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-more Assigned"]);
    await eventually(() => world.machines.on(vm("vm-0"))).toEqual([id("edited"), id("more")]);
    const identity = (await world.client.get(kinds.identity, { namespace: "default", name: "demo" }, never)) as {
      metadata: { resourceVersion: string };
    };
    const { resourceVersion } = identity.metadata;
    expect(await world.record("web-default-demo")).toMatchObject({
      spec: { azureIdentityRef: { metadata: { resourceVersion }, spec: { resourceID: identityId("edited") } } },
    });

    await world.remove(kinds.pod, "web");
    await world.pod("web", "vm-1");
    await eventually(() => world.machines.on(vm("vm-1"))).toEqual([id("edited"), id("more")]);
    await eventually(() => world.machines.on(vm("vm-0"))).toEqual([]);
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
    await eventually(() => world.machines.on(vm("vm-0"))).toEqual([id("id-2"), id("id-3"), id("new")]);
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
    expect(world.machines.on(vm("vm-0"))).toEqual([id("id-3")]);
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
});

describe("MIC and scale sets", () => {
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
    expect([world.machines.on(scaleSet("one")), world.machines.on(scaleSet("two"))]).toEqual([
      [id("demo")],
      [id("demo")],
    ]);
    return world;
  };

  it("K9, K10, K11: keep an identity as long as one of their instances needs it", async () => {
    await using world = await start();
    await world.remove(kinds.pod, "a");
    await eventually(world.states).toEqual(["b-default-demo Assigned", "c-default-demo Assigned"]);
    expect(world.machines.on(scaleSet("one"))).toEqual([id("demo")]);
    await world.remove(kinds.pod, "b");
    await eventually(world.states).toEqual(["c-default-demo Assigned"]);
    expect([world.machines.on(scaleSet("one")), world.machines.on(scaleSet("two"))]).toEqual([[], [id("demo")]]);
  });

  it("K20: keep a pinned identity for ever", async () => {
    await using world = await start();
    world.machines.pin(id("demo"));
    for (const pod of ["a", "b", "c"]) await world.remove(kinds.pod, pod);
    await eventually(world.states).toEqual([]);
    expect([world.machines.on(scaleSet("one")), world.machines.on(scaleSet("two"))]).toEqual([
      [id("demo")],
      [id("demo")],
    ]);
  });
});

const never = new AbortController().signal;
