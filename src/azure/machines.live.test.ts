import { describe, expect, it, vi } from "vitest";
import { sdkAzure } from "../../test/support/azure/sdk-azure.ts";
import { resourceKey } from "../api/resource-id.ts";

const never = new AbortController().signal;
// Generous, since the machine may be busy with other things; nothing here takes that long by itself.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

describe("ArmMachines", () => {
  it("puts identities on a VM and a scale set, and takes them off again", async () => {
    await using az = await sdkAzure();
    const [a, b] = [az.identity("a"), az.identity("b")];
    for (const id of [az.vm.id, az.scaleSet.id].map(resourceKey)) {
      expect(await az.machines.patch(id, { attach: [a, b], detach: [] }, never)).toEqual({
        done: new Set([a, b]),
        refused: new Map(),
        fault: undefined,
      });
      expect(az.on(id)).toEqual([a, b]);
      expect((await az.machines.patch(id, { attach: [], detach: [a, b] }, never)).done).toEqual(new Set([a, b]));
      expect(az.on(id)).toEqual([]);
    }
    expect((await az.machines.read(resourceKey(az.vm.id), never)).type).toBe("None");
    expect((await az.machines.read(resourceKey(az.scaleSet.id), never)).type).toBe("SystemAssigned");
    expect(new Set(az.calls.map(({ operation }) => operation))).toEqual(
      new Set(["vm_get", "vm_update", "vmss_get", "vmss_update"]),
    );
  });

  it("waits until Azure has done it", async () => {
    await using az = await sdkAzure({ operationMs: 200 });
    const started = performance.now();
    await az.machines.patch(resourceKey(az.scaleSet.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(az.world.traffic.calls("arm.operations.get")).toBeGreaterThan(1);
  });

  it("sends nothing when nothing is wished, and no PATCH when nothing differs", async () => {
    await using az = await sdkAzure();
    const id = resourceKey(az.vm.id);
    await az.machines.patch(id, { attach: [], detach: [] }, never);
    expect(az.world.traffic.calls("arm.virtualMachines.get")).toBe(0);
    const gone = az.identity("gone");
    expect((await az.machines.patch(id, { attach: [], detach: [gone] }, never)).done).toEqual(new Set([gone]));
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(0);
  });

  it("sends at most 150 identities at once, and goes on without one that does not exist", async () => {
    await using az = await sdkAzure();
    const ids = Array.from({ length: 200 }, (_, i) => az.identity(`id-${String(i).padStart(3, "0")}`));
    const missing = ids[100]?.replace("id-100", "nowhere") ?? "";

    const wish = { attach: [...ids.slice(0, 100), missing, ...ids.slice(100)], detach: [] };
    const { done, refused, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);

    expect([done, fault]).toEqual([new Set(ids), undefined]);
    expect(az.on(az.vm.id)).toEqual(ids);
    expect([...refused]).toMatchObject([[missing, { fault: { code: "ARM_IDENTITY_REFUSED" }, isNew: true }]]);
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(3);
  });

  it("takes a machine that is gone for rid of everything", async () => {
    await using az = await sdkAzure();
    const wish = { attach: [az.identity("a")], detach: [az.identity("b")] };
    const { done, fault } = await az.machines.patch(resourceKey(az.vm.id).replace("vm-0", "vm-9"), wish, never);
    expect(done).toEqual(new Set(wish.detach));
    expect(fault?.code).toBe("ARM_NOT_FOUND");
  });

  it("leaves pinned identities on a machine, whatever the wish calls them, and says so", async () => {
    const pinnedClientIds = new Set<string>();
    const spared: unknown[] = [];
    await using az = await sdkAzure({
      pinnedClientIds: () => pinnedClientIds,
      onSpared: (machine, ids) => spared.push([machine, ids]),
    });
    const { id: pinnedId, clientId } = az.world.createIdentity({ resourceGroup: "rg", name: "Cluster" });
    pinnedClientIds.add(clientId.toLowerCase());
    const [id, pinned, a] = [resourceKey(az.vm.id), resourceKey(pinnedId), az.identity("a")];
    await az.machines.patch(id, { attach: [pinned, a], detach: [] }, never);

    const { done, fault } = await az.machines.patch(id, { attach: [], detach: [pinned, a] }, never);

    expect([done, fault]).toEqual([new Set([pinned, a]), undefined]);
    expect([az.on(id), spared]).toEqual([[pinned], [[id, [pinned]]]]);
  });

  it("stops at once when told to", async () => {
    await using az = await sdkAzure({ operationMs: 60_000 });
    const stop = new AbortController();
    const patching = az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, stop.signal);
    await expect.poll(() => az.world.traffic.calls("arm.operations.get"), { timeout: 20_000 }).toBeGreaterThan(0);
    stop.abort(new Error("enough"));
    await expect(patching).rejects.toThrow("enough");
  });
});
