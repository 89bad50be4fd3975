/** The small world that histories play in. */

export const NAMESPACES = ["default", "shop"] as const;
/** Nobody runs pods there, so records there are nobody's. */
export const ELSEWHERE = "elsewhere";
export const POD_NAMES = ["web-0", "web-1"] as const;
export const LABELS = ["red", "blue"] as const;
export const IDENTITY_NAMES = ["one", "two"] as const;
/** User-assigned identities in Azure; MIC is told never to take the last one off. */
export const RESOURCES = ["res-1", "res-2", "res-3", "pinned"] as const;
/** As MIC is told it, in lower case. */
export const PINNED_CLIENT_ID = "client-of-pinned";
/** What the owner of the machines puts on them; no AzureIdentity names it. */
export const OWN = "owners-own";

/** What azure.json says of the cluster, and what MIC is told beside: where else machines of it are. */
export const HOME = { subscription: "sub", resourceGroup: "rg" };
export const SCOPE = { subscription: "sub-2", resourceGroup: "far" };

const IDENTITIES = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.managedidentity/userassignedidentities";

/** As `resourceKey` spells it. */
export function resourceIdOf(resource: string): string {
  return `${IDENTITIES}/${resource}`;
}

/** As the identity's owner copied it from the portal. */
export function writtenResourceId(resource: string, isShouted: boolean): string {
  const id = `/subscriptions/sub/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${resource}`;
  return isShouted ? id.replace("resourcegroups", "resourceGroups").replace(resource, resource.toUpperCase()) : id;
}

/** The machine of a node that runs Windows. */
const WINDOWS_MACHINE = machineIn(HOME, "virtualmachines/vm-win");
/** One of other people, whatever a node or a record says. */
export const FOREIGN_MACHINE = machineIn({ subscription: "theirs", resourceGroup: "rg" }, "virtualmachines/vm-0");
/** In the cluster's subscription, but not its resource group: MIC may change it while it has a node. */
export const SIDE_MACHINE = machineIn({ ...HOME, resourceGroup: "side" }, "virtualmachines/vm-0");
export const SCOPE_MACHINE = machineIn(SCOPE, "virtualmachines/vm-0");

/** By name of the node, the machine that it runs on. */
export const MACHINES = {
  "vm-0": machineIn(HOME, "virtualmachines/vm-0"),
  "vm-1": machineIn(HOME, "virtualmachines/vm-1"),
  "set-0": machineIn(HOME, "virtualmachinescalesets/set"),
  "set-1": machineIn(HOME, "virtualmachinescalesets/set"),
  "win-0": WINDOWS_MACHINE,
  "side-0": SIDE_MACHINE,
  "far-0": SCOPE_MACHINE,
  "out-0": FOREIGN_MACHINE,
} as const;
export type NodeName = keyof typeof MACHINES;
export const NODE_NAMES = Object.keys(MACHINES) as [NodeName, ...NodeName[]];
/** Where pods run most of the time. */
export const USUAL_NODES = ["vm-0", "vm-1", "set-0", "set-1"] as const;
export const WINDOWS_NODE = "win-0";
export const SIDE_NODE = "side-0";
export const FOREIGN_NODE = "out-0";
/** All machines; those that trouble comes to most of the time. */
export const MACHINE_IDS: readonly string[] = [...new Set(Object.values(MACHINES))];
export const USUAL_MACHINES: readonly string[] = [...new Set(USUAL_NODES.map((node) => MACHINES[node]))];

function machineIn({ subscription, resourceGroup }: typeof HOME, typeAndName: string): string {
  return `/subscriptions/${subscription}/resourcegroups/${resourceGroup}/providers/microsoft.compute/${typeAndName}`;
}

/** As a kubelet spells it: one of a scale set names the instance. */
export function providerIdOf(node: NodeName): string {
  const id = MACHINES[node]
    .replace("resourcegroups/rg", "resourceGroups/RG")
    .replace("microsoft.compute/virtualmachinescalesets", "Microsoft.Compute/virtualMachineScaleSets")
    .replace("microsoft.compute/virtualmachines", "Microsoft.Compute/virtualMachines");
  return `azure://${id}${node.startsWith("set") ? `/virtualMachines/${node.slice(-1)}` : ""}`;
}
