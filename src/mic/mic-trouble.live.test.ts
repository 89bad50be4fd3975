import { describe, expect, it, vi } from "vitest";
import { identityId } from "../../test/support/make.ts";
import { demoCluster } from "../../test/support/mic-cluster.ts";
import { kinds } from "../api/kinds.ts";
import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";

/** MIC's parts together when things go wrong, on an API server in memory and machines that are not there. */

const COMPUTE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
const VM = `${COMPUTE}/virtualmachines/vm-0`;
const other = resourceKey(identityId("other"));
const never = new AbortController().signal;

// Generous, since the machine may be busy with other things; nothing here waits that long by itself.
vi.setConfig({ testTimeout: 30_000 });
const within = { timeout: 15_000, interval: 20 };
const eventually = (look: () => unknown) => expect.poll(look, within);

describe("MIC in trouble", () => {
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
    world.api.failNext({ verb: "delete", resource: "azureassignedidentities" }, { code: 500, message: "no" }, 1_000);
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual(["web-default-demo Unassigned"]);
    const [left] = (await world.client.list(kinds.assignment, {}, never)) as { metadata: { finalizers?: string[] } }[];
    expect(left?.metadata.finalizers ?? []).toEqual([]);

    world.api.calm();
    await eventually(world.states).toEqual([]);
  });

  it("removes records of a machine that is gone in Azure too", async () => {
    await using world = await demoCluster();
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const patch = world.machines.patch.bind(world.machines);
    world.machines.patch = async (machine, wish, signal) =>
      machine === VM
        ? { done: new Set(wish.detach), refused: new Map(), fault: new Fault("ARM_NOT_FOUND", "gone") }
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
