import { describe, expect, it } from "vitest";
import { demoCluster, servedCluster } from "../../test/support/mic/cluster.ts";
import { id, vm } from "../../test/support/plan-lines.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";

/** Records that the API server does not delete, in MIC's parts together. */

type Cluster = Awaited<ReturnType<typeof demoCluster>>;

function refuseDeletions(world: Cluster): void {
  world.api.failNext({ verb: "delete", resource: "azureassignedidentities" }, { code: 500, message: "no" }, 1_000);
}

/** Pod `web` has gone, and its record cannot be deleted. */
async function clusterWithStuckRecord(): Promise<Cluster> {
  const world = await servedCluster();
  refuseDeletions(world);
  await world.remove(kinds.pod, "web");
  await eventually(world.states).toEqual(["web-default-demo Unassigned"]);
  return world;
}

describe("a record that the API server does not delete", () => {
  it("gives the finalizer up in the same write that says Unassigned, and deletes what is left later", async () => {
    await using world = await clusterWithStuckRecord();
    const [left] = (await world.client.list(kinds.assignment, {}, never)) as { metadata: { finalizers?: string[] } }[];
    expect(left?.metadata.finalizers ?? []).toEqual([]);

    world.api.calm();
    await eventually(world.states).toEqual([]);
  });

  it("M9: makes a record whose removal got stuck count again for a pod that comes back", async () => {
    await using world = await clusterWithStuckRecord();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(world.machines.on(vm("vm-0"))).toEqual([id("demo")]);
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

  it("K12, K13, K14: keeps what it could not undo, goes on with others, and undoes it in the end", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("pod-1", "vm-0");
    await eventually(world.states).toEqual(["pod-1-default-demo Assigned"]);
    world.machines.failNext(new Fault("ARM_ERROR", "Azure hiccups"), 3);
    await world.remove(kinds.pod, "pod-1");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    expect(await world.states()).toEqual(["pod-1-default-demo Assigned"]);

    refuseDeletions(world);
    await world.pod("pod-2", "vm-1");
    await eventually(world.states).toEqual(["pod-1-default-demo Unassigned", "pod-2-default-demo Assigned"]);

    world.api.calm();
    await world.remove(kinds.pod, "pod-2");
    await eventually(world.states).toEqual([]);
    expect([world.machines.on(vm("vm-0")), world.machines.on(vm("vm-1"))]).toEqual([[], []]);
  });
});

const never = new AbortController().signal;
