import { describe, expect, it, vi } from "vitest";
import { identityId, scaleSetProviderId } from "../../test/support/make.ts";
import { demoCluster } from "../../test/support/mic-cluster.ts";
import { ASSIGNMENT_FINALIZER, kinds } from "../api/kinds.ts";
import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";

/** MIC's parts together, on an API server in memory and machines that are not there. */

const COMPUTE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
const VM = `${COMPUTE}/virtualmachines/vm-0`;
const VM1 = `${COMPUTE}/virtualmachines/vm-1`;
const SET = `${COMPUTE}/virtualmachinescalesets/pool`;
const demo = resourceKey(identityId("demo"));
const other = resourceKey(identityId("other"));
const never = new AbortController().signal;

const within = { timeout: 15_000, interval: 20 };
const eventually = (look: () => unknown) => expect.poll(look, within);

describe("MIC", () => {
  it("puts a pod's identity on its machine, says so, and takes it off when the pod goes", async () => {
    await using world = await demoCluster();
    await world.lead();

    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(world.machines.on(VM)).toEqual([demo]);
    const record = await world.client.get(kinds.assignment, { namespace: "default", name: "web-default-demo" }, never);
    expect(record).toMatchObject({
      metadata: { labels: { nodename: "vm-0" }, finalizers: [ASSIGNMENT_FINALIZER] },
      spec: {
        pod: "web",
        podNamespace: "default",
        nodename: "vm-0",
        azureIdentityRef: { spec: { clientID: "client-demo" } },
      },
    });

    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
    expect(world.machines.on(VM)).toEqual([]);
    expect(world.told.map(({ about, type, reason }) => `${type} ${reason} on ${about.kind.kind}`)).toEqual([
      "Normal BindingApplied on AzureIdentityBinding",
      "Normal BindingApplied on Pod",
      "Normal BindingRemoved on AzureIdentityBinding",
    ]);
    expect((await world.metrics.expose()).body).toMatch(
      /assigned_identity_addition_count 1\n(?:.*\n)*.*assigned_identity_deletion_count 1\n/,
    );
  });

  it("takes one PATCH a machine for a burst of pods", async () => {
    await using world = await demoCluster();
    await world.node("pool000000", scaleSetProviderId("pool", 0));
    await world.node("pool000001", scaleSetProviderId("pool", 1));
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map((i) => world.pod(`web-${i}`, ["vm-0", "pool000000", "pool000001"][i % 3] ?? "")),
    );
    await world.lead();
    await eventually(async () => (await world.states()).filter((line) => line.endsWith(" Assigned"))).toHaveLength(6);
    expect(world.machines.patched.toSorted()).toEqual([VM, SET]);
  });

  it("does not wait for one machine with another, and changes one machine once at a time", async () => {
    await using world = await demoCluster();
    const release = world.machines.hold(VM);
    await world.lead();
    await world.pod("slow", "vm-0");
    await eventually(() => world.machines.patched).toContain(VM);
    await world.pod("quick", "vm-1");
    await world.pod("late", "vm-0");
    await eventually(world.states).toEqual(["quick-default-demo Assigned", "slow-default-demo Created"]);

    release();
    await eventually(world.states).toEqual([
      "late-default-demo Assigned",
      "quick-default-demo Assigned",
      "slow-default-demo Assigned",
    ]);
    expect(world.machines.mostAtOnceOnOne).toBe(1);
  });

  it("tries again by itself after a failure, without any event", async () => {
    await using world = await demoCluster();
    world.machines.failNext(new Fault("ARM_ERROR", "Azure hiccups"), 2);
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(world.machines.patched).toHaveLength(3);
    expect(world.told.filter(({ type }) => type === "Warning")[0]).toMatchObject({
      reason: "BindingApplyError",
      message: "failed to apply binding default/demo-binding node vm-0 for pod default/web, error: Azure hiccups",
    });
  });

  it("lets a refused identity hold up no other, and goes on with it when Azure takes it", async () => {
    await using world = await demoCluster();
    await Promise.all([world.identity("other"), world.binding("other", "demo")]);
    world.machines.refuse(other);
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-other Created"]);
    world.machines.refuse(other, false);
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-other Assigned"]);
  });

  it("keeps the record while the identity cannot be taken off, and removes it later by itself", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.machines.failNext(new Fault("ARM_ERROR", "Azure hiccups"));
    await world.remove(kinds.pod, "web");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    await eventually(world.states).toEqual([]);
    expect(world.machines.on(VM)).toEqual([]);
  });

  it("gives the finalizer up in the same write that says Unassigned, and deletes what is left later", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.api.failNext({ verb: "delete", resource: "azureassignedidentities" }, { code: 500, message: "no" });
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
  });

  it.each([
    { deleted: "while its pod runs", then: ["web-default-demo Assigned"] },
    { deleted: "after its pod has gone", then: [] },
  ])("honours that a user deletes a record $deleted", async ({ then }) => {
    await using world = await demoCluster();
    await world.pod("web", "vm-0");
    const first = await world.lead();
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const ref = { namespace: "default", name: "web-default-demo" };
    const before = (await world.client.get(kinds.assignment, ref, never)) as { metadata: { uid: string } };
    if (then.length === 0) {
      await first.end();
      await world.remove(kinds.pod, "web");
    }
    await world.remove(kinds.assignment, ref.name);
    if (then.length === 0) await world.lead();

    await eventually(async () => {
      const raw = (await world.client.list(kinds.assignment, {}, never)) as (typeof before)[];
      return raw.filter(({ metadata }) => metadata.uid === before.metadata.uid).length;
    }).toBe(0);
    await eventually(world.states).toEqual(then);
    expect(world.machines.on(VM)).toEqual(then.length === 0 ? [] : [demo]);
  });

  it("follows a pod that returns on another node, and cleans up behind it", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const release = world.machines.hold(VM);
    await world.remove(kinds.pod, "web");
    await world.pod("web", "vm-1");
    await eventually(() => world.machines.on(VM1)).toEqual([demo]);
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    release();
    await eventually(() => world.machines.on(VM)).toEqual([]);
    await eventually(() =>
      world.client.get(kinds.assignment, { namespace: "default", name: "web-default-demo" }, never),
    ).toMatchObject({
      metadata: { labels: { nodename: "vm-1" }, annotations: { "aadpodidentity.k8s.io/machine": VM1 } },
      status: { status: "Assigned" },
    });
  });

  it("takes the identity off a scale set when the last user went with its node", async () => {
    await using world = await demoCluster();
    await world.node("pool000000", scaleSetProviderId("pool", 0));
    await world.lead();
    await world.pod("web", "pool000000");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    await world.remove(kinds.node, "pool000000");
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
    expect(world.machines.on(SET)).toEqual([]);
  });

  it("removes records of a machine that is gone in Azure too", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const patch = world.machines.patch.bind(world.machines);
    world.machines.patch = async (machine, wish, signal) =>
      machine === VM
        ? { done: new Set(wish.detach), fault: new Fault("ARM_NOT_FOUND", "gone") }
        : await patch(machine, wish, signal);
    await world.remove(kinds.node, "vm-0");
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
  });

  it("has a new leader finish what the last one began", async () => {
    await using world = await demoCluster();
    const release = world.machines.hold(VM);
    const first = await world.lead();
    await world.pod("web", "vm-0");
    await eventually(() => world.machines.patched).toHaveLength(1);
    await first.end();
    expect(await world.states()).toEqual(["web-default-demo Created"]);
    release();
    await world.lead();
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
  });

  it("tells of a wrong identity once in the log, on the identity and on each pod, and goes on with the others", async () => {
    await using world = await demoCluster();
    await Promise.all([
      world.identity("bad", { resourceID: "bad" }),
      world.binding("bad"),
      world.identity("odd", { type: 9 }),
    ]);
    await world.lead();
    await Promise.all([world.pod("web", "vm-0"), world.pod("a", "vm-0", "bad"), world.pod("b", "vm-1", "bad")]);
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    await eventually(() =>
      world.told
        .filter(({ reason }) => reason === "IdentityInvalid")
        .map(({ about }) => about.meta.name)
        .toSorted(),
    ).toEqual(["a", "b", "bad", "odd"]);
    const errors = world.lines.filter((line) => line.startsWith("E"));
    expect(errors).toEqual([
      expect.stringContaining('ignoring azure identity default/bad, error: invalid resource id: "bad", must match'),
      expect.stringContaining("ignoring azure identity default/odd, error: unknown type 9"),
    ]);

    await world.client.patch(
      kinds.identity,
      { namespace: "default", name: "bad" },
      { type: "merge", body: { spec: { resourceID: identityId("bad") } } },
      never,
    );
    await eventually(world.states).toEqual([
      "a-default-bad Assigned",
      "b-default-bad Assigned",
      "web-default-demo Assigned",
    ]);
  });

  it("touches nothing while nothing that matters changes", async () => {
    await using world = await demoCluster();
    const { loop } = await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const [patched, version] = [
      world.machines.patched.length,
      JSON.stringify(await world.client.list(kinds.assignment, {}, never)),
    ];
    const looks = world.lines.length;
    await world.client.patch(
      kinds.identity,
      { namespace: "default", name: "demo" },
      { type: "merge", body: { metadata: { labels: { a: "b" } } } },
      never,
    );
    loop.changed();
    await vi.waitFor(() => expect(world.lines.length).toBeGreaterThan(looks), within);
    expect(world.machines.patched).toHaveLength(patched);
    expect(JSON.stringify(await world.client.list(kinds.assignment, {}, never))).toBe(version);
  });

  it("survives an API server that refuses writes and breaks connections", async () => {
    await using world = await demoCluster();
    const records = { resource: "azureassignedidentities" };
    world.api.failNext({ verb: "create", ...records }, { code: 500, message: "oops" }, 2);
    world.api.failNext({ verb: "patch", ...records }, { code: 409, message: "conflict" });
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    world.api.disconnect();
    await vi.waitFor(() => world.remove(kinds.pod, "web"), within);
    await eventually(world.states).toEqual([]);
  });
});
