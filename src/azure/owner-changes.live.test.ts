import { describe, expect, it, vi } from "vitest";
import { sdkAzure } from "../../test/support/azure/sdk-azure.ts";
import { resourceKey } from "../api/resource-id.ts";
import { newPrincipal } from "../sandbox/azure/identity-block.ts";
import type { Machine } from "../sandbox/azure/machine.ts";
import type { World } from "../sandbox/azure/world.ts";
import type { Compute } from "./compute.ts";
import { ArmMachines } from "./machines.ts";

const never = new AbortController().signal;
// Generous, since the machine may be busy with other things; nothing here takes that long by itself.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** The machine's owner gives it an identity of its own; how long that takes Azure. */
function giveOwnIdentity(world: World, machine: Machine, ms = 0) {
  return world.changeIdentity(machine, { ...machine.identity, systemAssigned: newPrincipal() }, ms);
}

describe("what a machine's owner does", () => {
  it.each(["vm", "scaleSet"] as const)("between MIC's look at a %s and its change is kept", async (kind) => {
    await using az = await sdkAzure();
    const machine = kind === "vm" ? az.vm : az.world.createScaleSet({ resourceGroup: "rg", name: "s", instances: 1 });
    const deeds = [() => giveOwnIdentity(az.world, machine)];
    const compute: Compute = {
      get: (...all) => az.compute.get(...all),
      update: async (...all) => {
        deeds.pop()?.();
        await az.compute.update(...all);
      },
    };
    const a = az.identity("a");
    const machines = new ArmMachines({ compute, retryIntervalMs: 0 });
    const result = await machines.patch(resourceKey(machine.id), { attach: [a], detach: [] }, never);
    expect(result).toEqual({ done: new Set([a]), refused: new Map(), fault: undefined });
    expect((await machines.read(resourceKey(machine.id), never)).type).toBe("SystemAssigned, UserAssigned");
    expect(
      az.world.traffic.calls(kind === "vm" ? "arm.virtualMachines.update" : "arm.virtualMachineScaleSets.update"),
    ).toBe(2);
  });

  it("is done before MIC changes the machine, and not preempted", async () => {
    const told: unknown[] = [];
    await using az = await sdkAzure();
    const operation = giveOwnIdentity(az.world, az.vm, 1_000);
    const a = az.identity("a");
    const wish = { attach: [a], detach: [], onBusy: (state: string) => told.push(state) };
    const { done } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
    expect([done, az.on(az.vm.id), told]).toEqual([new Set([a]), [a], ["Updating"]]);
    expect([operation.status, az.vm.identity.systemAssigned]).toEqual(["Succeeded", expect.anything()]);
  });
});
