/** The small world that histories play in. */

export const NAMESPACES = ["default", "shop"] as const;
export const POD_NAMES = ["web-0", "web-1"] as const;
export const LABELS = ["red", "blue"] as const;
export const IDENTITY_NAMES = ["one", "two"] as const;
/** User-assigned identities in Azure; MIC is told never to take the last one off. */
export const RESOURCES = ["res-1", "res-2", "res-3", "pinned"] as const;
/** As MIC is told it, in lower case. */
export const PINNED_CLIENT_ID = "client-of-pinned";
/** What the owner of the machines puts on them; no AzureIdentity names it. */
export const OWN = "owners-own";

const GROUP = "/subscriptions/sub/resourcegroups/rg/providers";

/** As `resourceKey` spells it. */
export function resourceIdOf(resource: string): string {
  return `${GROUP}/microsoft.managedidentity/userassignedidentities/${resource}`;
}

/** As the identity's owner copied it from the portal. */
export function writtenResourceId(resource: string, isShouted: boolean): string {
  const id = `/subscriptions/sub/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${resource}`;
  return isShouted ? id.replace("resourcegroups", "resourceGroups").replace(resource, resource.toUpperCase()) : id;
}

/** By name of the node, the machine that it runs on. */
export const MACHINES = {
  "vm-0": `${GROUP}/microsoft.compute/virtualmachines/vm-0`,
  "vm-1": `${GROUP}/microsoft.compute/virtualmachines/vm-1`,
  "set-0": `${GROUP}/microsoft.compute/virtualmachinescalesets/set`,
  "set-1": `${GROUP}/microsoft.compute/virtualmachinescalesets/set`,
} as const;
export type NodeName = keyof typeof MACHINES;
export const NODE_NAMES = Object.keys(MACHINES) as [NodeName, ...NodeName[]];
export const MACHINE_IDS = [...new Set(Object.values(MACHINES))];

export function providerIdOf(node: NodeName): string {
  const path = "azure:///subscriptions/sub/resourceGroups/RG/providers/Microsoft.Compute";
  return node.startsWith("vm")
    ? `${path}/virtualMachines/${node}`
    : `${path}/virtualMachineScaleSets/set/virtualMachines/${node.slice(-1)}`;
}
