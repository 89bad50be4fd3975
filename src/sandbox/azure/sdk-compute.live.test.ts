import { ComputeManagementClient } from "@azure/arm-compute";
import { beforeAll, describe, expect, it } from "vitest";
import { signedIn, trustAuthority, vendorAzure } from "../../../test/support/azure/vendor-azure.ts";

/** `@azure/arm-compute` as it is, against Resource Manager over TLS. */

beforeAll(trustAuthority);

async function compute(operationMs = 0) {
  const azure = await vendorAzure({ operationMs });
  const client = new ComputeManagementClient(signedIn(azure), azure.world.subscription, {
    endpoint: azure.arm.url,
    credentials: { scopes: ["https://management.azure.com/.default"] },
    retryOptions: { maxRetries: 1, retryDelayInMs: 1 },
  });
  return { ...azure, client };
}

describe("@azure/arm-compute against Resource Manager", () => {
  it("puts an identity on a VM and takes it off again", async () => {
    await using azure = await compute();
    const { world } = azure;
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const { virtualMachines } = azure.client;

    const assigned = await virtualMachines.update("nodes", "vm-0", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id.toLowerCase()]: {} } },
    });
    expect(Object.keys(assigned.identity?.userAssignedIdentities ?? {})).toEqual([id]);
    expect(world.identitiesOn(vm.id)).toEqual([id]);

    await virtualMachines.update("nodes", "vm-0", { identity: { type: "None" } });
    expect((await virtualMachines.get("nodes", "vm-0")).identity).toBeUndefined();
    expect(world.identitiesOn(vm.id)).toEqual([]);
  });

  it("waits for the long-running change of a scale set", async () => {
    await using azure = await compute(300);
    const { world } = azure;
    const scaleSet = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2 });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });

    const changed = await azure.client.virtualMachineScaleSets.update("nodes", "pool", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } },
    });

    expect(changed.provisioningState).toBe("Succeeded");
    expect(world.traffic.calls("arm.operations.get")).toBeGreaterThan(0);
    expect(world.identitiesOn(scaleSet.id)).toEqual([id]);
  });

  it("sees Azure's code and message where an identity does not exist", async () => {
    await using azure = await compute();
    const { world } = azure;
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "gone" });
    world.deleteIdentity(id);

    const change = azure.client.virtualMachines.update("nodes", "vm-0", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } },
    });
    await expect(change).rejects.toMatchObject({
      statusCode: 400,
      code: "FailedIdentityOperation",
      message: expect.stringContaining(`Resource '${id}' was not found.`),
    });
  });

  it("honours Retry-After and tries again", async () => {
    await using azure = await compute();
    const { world } = azure;
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const throttled = { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 0 };
    world.traffic.failNext("arm.virtualMachines.get", throttled);

    expect((await azure.client.virtualMachines.get("nodes", "vm-0")).name).toBe("vm-0");
    expect(world.traffic.calls("arm.virtualMachines.get")).toBe(2);
  });

  it("creates a scale set with an identity, grows it and deletes it", async () => {
    await using azure = await compute(100);
    const { world } = azure;
    const { id } = world.createIdentity({ resourceGroup: "nodes", name: "demo" });
    const { virtualMachineScaleSets } = azure.client;
    const identity = { type: "UserAssigned", userAssignedIdentities: { [id]: {} } } as const;

    const made = await virtualMachineScaleSets.createOrUpdate("nodes", "pool", {
      location: world.location,
      sku: { name: "Standard_D2s_v5", capacity: 2 },
      identity,
    });
    expect([made.provisioningState, made.sku?.capacity]).toEqual(["Succeeded", 2]);
    expect(world.identitiesOn(made.id ?? "")).toEqual([id]);
    expect((await virtualMachineScaleSets.update("nodes", "pool", { sku: { capacity: 3 } })).sku?.capacity).toBe(3);
    await virtualMachineScaleSets.delete("nodes", "pool");
    await expect(virtualMachineScaleSets.get("nodes", "pool")).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  it("lists the machines of a resource group", async () => {
    await using azure = await compute();
    const { world } = azure;
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    world.createVm({ resourceGroup: "others", name: "vm-1" });
    world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 1 });

    const names: (string | undefined)[] = [];
    for await (const vm of azure.client.virtualMachines.list("nodes")) names.push(vm.name);
    for await (const scaleSet of azure.client.virtualMachineScaleSets.list("nodes")) names.push(scaleSet.name);
    expect(names).toEqual(["vm-0", "pool"]);
  });

  it("lists and reads the instances of a scale set", async () => {
    await using azure = await compute();
    const { world } = azure;
    const pool = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2 });
    const { virtualMachineScaleSetVMs } = azure.client;

    const seen: unknown[] = [];
    for await (const { id, instanceId } of virtualMachineScaleSetVMs.list("nodes", "pool")) seen.push([id, instanceId]);
    expect(seen).toEqual(["0", "1"].map((number) => [`${pool.id}/virtualMachines/${number}`, number]));
    expect(await virtualMachineScaleSetVMs.get("nodes", "pool", "1")).toMatchObject({ name: "pool_1" });
    await expect(virtualMachineScaleSetVMs.get("nodes", "pool", "2")).rejects.toMatchObject({ statusCode: 404 });
  });
});
