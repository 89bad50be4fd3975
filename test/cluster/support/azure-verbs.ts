import { readFaultRule } from "../../../src/sandbox/azure/fault-rule.ts";
import { type AttachedIdentity, newPrincipal } from "../../../src/sandbox/azure/identity-block.ts";
import type { Machine } from "../../../src/sandbox/azure/machine.ts";
import type { Operation } from "../../../src/sandbox/azure/operations.ts";
import { lookupKey } from "../../../src/sandbox/azure/resource-id.ts";
import type { World } from "../../../src/sandbox/azure/world.ts";

/** The resource group of the machines; identities are made there too. */
export const RESOURCE_GROUP = "MC_cluster";

/** What a test does to the Azure around the cluster and asks of it: plain values in, plain values out. */
export type AzureVerbs = ReturnType<typeof azureVerbs>;

export function azureVerbs(world: World, denied: Set<string>) {
  const machineOf = (id: string): Machine => {
    const machine = world.machine(id);
    if (machine === undefined) throw new Error(`there is no machine ${id} in this Azure`);
    return machine;
  };
  const change = (id: string, revise: (userAssigned: Map<string, AttachedIdentity>) => void) => {
    const machine = machineOf(id);
    const userAssigned = new Map(machine.identity.userAssigned);
    revise(userAssigned);
    world.changeIdentity(machine, { ...machine.identity, userAssigned }, 0);
  };
  return {
    /** `az identity create`; one of that name keeps its IDs. */
    createIdentity: (name: string) => world.createIdentity({ resourceGroup: RESOURCE_GROUP, name }),
    deleteIdentity: (id: string) => world.deleteIdentity(id),
    /** Resource IDs of what is on a VM or scale set, as Resource Manager shows it. */
    identitiesOn: (machine: string) =>
      [...machineOf(machine).identity.userAssigned.values()].map(({ id }) => id).sort(),
    /** Puts an identity on a machine by hand. */
    attach: (machine: string, id: string) =>
      change(machine, (all) => {
        const identity = world.identity(id);
        if (identity === undefined) throw new Error(`there is no identity ${id} in this Azure`);
        all.set(lookupKey(id), identity);
      }),
    /** Takes it off by hand. */
    detach: (machine: string, id: string) => change(machine, (all) => void all.delete(lookupKey(id))),
    /** Gives a machine an identity of its own; the one that it has stays. Gives its principal ID. */
    enableSystemAssigned(id: string): string {
      const machine = machineOf(id);
      const systemAssigned = machine.identity.systemAssigned ?? newPrincipal();
      world.changeIdentity(machine, { ...machine.identity, systemAssigned }, 0);
      return systemAssigned.principalId;
    },
    /** The principal ID of a machine's own identity. */
    systemAssignedOn: (machine: string) => machineOf(machine).identity.systemAssigned?.principalId,
    disableSystemAssigned(id: string): void {
      const machine = machineOf(id);
      world.changeIdentity(machine, { ...machine.identity, systemAssigned: undefined }, 0);
    },
    createServicePrincipal: () => world.createServicePrincipal(),
    /** Lets the Key Vault refuse whoever has this client ID. */
    denySecrets: (clientId: string) => void denied.add(clientId),
    /** Makes trouble, as `podid emulate --fault` does. */
    trouble: (...rules: string[]) => {
      for (const rule of rules.map((rule) => readFaultRule(rule))) world.traffic.inject(rule);
    },
    calm: () => world.traffic.calm(),
    /** How many calls of an operation there were so far. */
    calls: (operation: Operation) => world.traffic.calls(operation),
  };
}
