import { describe, expect, it } from "vitest";
import { scaleSetProviderId } from "../../test/support/make.ts";
import { demoCluster } from "../../test/support/mic/cluster.ts";
import { id, vm } from "../../test/support/plan-lines.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { kinds } from "../api/kinds.ts";

/** Machines that others change while MIC's parts work together. */

describe("MIC and drift", () => {
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
    world.machines.put(vm("vm-0"), id("users"));
    await world.lead({ driftMs: 50 });
    await world.pod("web", "vm-0");
    await eventually(world.states).toEqual(["web-default-demo Assigned"]);
    const { length } = world.machines.reads;
    await eventually(() => world.machines.reads.length).toBeGreaterThan(length + 3);
    expect(world.machines.on(vm("vm-0"))).toEqual([id("demo"), id("users")]);
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
    await eventually(async () => (await world.machines.read(vm("vm-0"))).clientIds).toEqual(
      new Map([[id("demo"), "anew"]]),
    );
    expect(world.machines.patched.length).toBeLessThan(4);
  });
});
