import { describe, expect, it, vi } from "vitest";
import { identityId, scaleSetProviderId } from "../../test/support/make.ts";
import { demoCluster } from "../../test/support/mic/cluster.ts";
import { ASSIGNMENT_FINALIZER, kinds } from "../api/kinds.ts";
import { resourceKey } from "../api/resource-id.ts";

/** MIC's parts together, on an API server in memory and machines that are not there. */

const COMPUTE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
const VM = `${COMPUTE}/virtualmachines/vm-0`;
const VM1 = `${COMPUTE}/virtualmachines/vm-1`;
const SET = `${COMPUTE}/virtualmachinescalesets/pool`;
const demo = resourceKey(identityId("demo"));
const never = new AbortController().signal;

// Generous, since the machine may be busy with other things; nothing here waits that long by itself.
vi.setConfig({ testTimeout: 30_000 });
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

  it.each([
    // The record that was deleted keeps its name until another one speaks for the pod.
    { deleted: "while its pod runs", then: [expect.stringMatching(/^web-default-demo-[0-9a-f]{8} Assigned$/)] },
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
      metadata: {
        labels: { nodename: "vm-1" },
        annotations: { "aadpodidentity.k8s.io/machine": VM1, "aadpodidentity.k8s.io/machine-node": "vm-1" },
      },
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
});
