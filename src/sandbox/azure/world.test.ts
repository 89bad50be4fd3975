import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { lookupKey } from "./resource-id.ts";
import { createWorld } from "./world.ts";

describe("World", () => {
  it("finds resources in any case and keeps their spelling", async () => {
    const world = await createWorld({ subscription: "Sub-1" });
    const identity = world.createIdentity({ resourceGroup: "Identities", name: "Demo" });
    const vm = world.createVm({ resourceGroup: "nodes", name: "VM-0" });

    expect(identity.id).toBe(
      "/subscriptions/Sub-1/resourceGroups/Identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Demo",
    );
    expect(world.identity(identity.id.toLowerCase())).toBe(identity);
    expect(world.machine(vm.id.toUpperCase())).toBe(vm);
    expect(world.resourceGroup("NODES")?.name).toBe("nodes");
  });

  it("numbers the instances of a scale set and finds the scale set by any of them", async () => {
    const world = await createWorld();
    const pool = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2 });

    expect(pool.facts.instances.map(({ id, name }) => [id, name])).toEqual([
      [`${pool.id}/virtualMachines/0`, "pool_0"],
      [`${pool.id}/virtualMachines/1`, "pool_1"],
    ]);
    expect(world.machine(`${pool.id}/virtualMachines/1`)).toBe(pool);
    expect(new Set(pool.facts.instances.map(({ address }) => address)).size).toBe(2);
  });

  it("shows a change at once, but gives it to the guests when it is done", async () => {
    const clock = new FakeClock();
    const world = await createWorld({ clock });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id, ...principal } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const userAssigned = new Map([[lookupKey(id), { id, ...principal }]]);

    const operation = world.changeIdentity(vm, { systemAssigned: undefined, userAssigned }, 2_000);
    expect([...vm.identity.userAssigned.keys()]).toEqual([lookupKey(id)]);
    clock.advance(1_999);
    expect([operation.status, world.identitiesOn(vm.id)]).toEqual(["InProgress", []]);
    clock.advance(1);
    expect([operation.status, world.identitiesOn(vm.id)]).toEqual(["Succeeded", [id]]);
    expect(world.operation(operation.id)).toEqual({ operation, machine: vm });
  });

  it("lets a newer change preempt one that is under way, and never one that is done", async () => {
    const clock = new FakeClock();
    const world = await createWorld({ clock });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const change = () => world.changeIdentity(vm, vm.identity, 1_000);

    const first = change();
    const second = change();
    clock.advance(1_000);
    const third = change();
    expect([first, second, third].map(({ status }) => status)).toEqual(["Canceled", "Succeeded", "InProgress"]);
  });

  it("gives an identity that is made anew other IDs, and one that is put again the same", async () => {
    const world = await createWorld();
    const where = { resourceGroup: "identities", name: "demo" };
    const first = world.createIdentity(where);
    const again = world.createIdentity({ ...where, tags: { owner: "me" } });
    world.deleteIdentity(first.id);
    const anew = world.createIdentity(where);

    expect(again).toEqual({ ...first, tags: { owner: "me" } });
    expect(anew.clientId).not.toBe(first.clientId);
  });

  it("says what is wrong with a machine or an identity that it does not have", async () => {
    const world = await createWorld();
    expect(() => world.identitiesOn("/nowhere")).toThrow("there is no machine /nowhere in this Azure");
    expect(() => world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: ["/nothing"] })).toThrow(
      "there is no identity /nothing in this Azure: create it first",
    );
  });
});
