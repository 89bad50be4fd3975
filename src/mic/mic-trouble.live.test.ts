import { describe, expect, it, vi } from "vitest";
import { identityId } from "../../test/support/make.ts";
import { demoCluster, servedCluster } from "../../test/support/mic/cluster.ts";
import { id, vm } from "../../test/support/plan-lines.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";

/** MIC's parts together when things go wrong, on an API server in memory and machines that are not there. */

const never = new AbortController().signal;
const hiccup = new Fault("ARM_ERROR", "Azure hiccups");

describe("MIC in trouble", () => {
  it("tries again by itself after a failure, without any event", async () => {
    await using world = await demoCluster();
    world.machines.failNext(hiccup, 2);
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    expect(world.machines.patched).toHaveLength(3);
    expect(world.told.filter(({ type }) => type === "Warning")[0]).toMatchObject({
      reason: "BindingApplyError",
      message: "failed to apply binding default/demo-binding node vm-0 for pod default/web, error: Azure hiccups",
    });
  });

  it("K4: leaves the record of a pod Created while Azure fails", async () => {
    await using world = await demoCluster();
    await world.lead();
    world.machines.failNext(hiccup, 1_000);
    await world.pod("web", "vm-0");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingApplyError");
    expect(await world.states()).toEqual(["web-default-demo Created"]);
  });

  it("K16: takes an identity off by itself after that has failed once", async () => {
    await using world = await servedCluster();
    world.machines.failNext(hiccup);
    await world.remove(kinds.pod, "web");
    await eventually(() => world.told.map(({ reason }) => reason)).toContain("BindingRemoveError");
    await eventually(world.states).toEqual([]);
    expect(world.machines.on(vm("vm-0"))).toEqual([]);
  });

  it("lets a refused identity hold up no other, and goes on with it when Azure takes it", async () => {
    await using world = await demoCluster();
    await Promise.all([world.identity("other"), world.binding("other", "demo")]);
    world.machines.refuse(id("other"));
    await world.lead();
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-other Created"]);
    world.machines.refuse(id("other"), false);
    await eventually(world.states).toEqual(["web-default-demo Assigned", "web-default-other Assigned"]);
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
      const { done } = await patch(
        machine,
        { attach, detach: [], renew: new Map(), neededNow: () => new Set() },
        signal,
      );
      return { done, refused: new Map([[id("demo"), { fault, retryInMs: 100, isNew: true }]]), fault: undefined };
    };
    await world.remove(kinds.pod, "pod-2");
    await eventually(world.states).toEqual(["pod-1-default-bad Assigned", "pod-2-default-demo Assigned"]);
    await eventually(() => world.told.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("demo stays"),
    );
  });

  it("removes records of a machine that is gone in Azure too", async () => {
    await using world = await servedCluster();
    const patch = world.machines.patch.bind(world.machines);
    world.machines.patch = async (machine, wish, signal) =>
      machine === vm("vm-0")
        ? { done: new Set(wish.detach), refused: new Map(), fault: new Fault("ARM_NOT_FOUND", "gone") }
        : await patch(machine, wish, signal);
    await world.remove(kinds.node, "vm-0");
    await world.remove(kinds.pod, "web");
    await eventually(world.states).toEqual([]);
  });

  it("has a new leader finish what the last one began", async () => {
    await using world = await demoCluster();
    const release = world.machines.hold(vm("vm-0"));
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
    await vi.waitFor(() => world.remove(kinds.pod, "web"), { timeout: 20_000 });
    await eventually(world.states).toEqual([]);
  });
});
