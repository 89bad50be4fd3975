import type { Node } from "../api/node.ts";
import { parseResourceId, type ResourceId, resourceKey } from "../api/resource-id.ts";
import type { Home } from "./types.ts";

const MACHINE_TYPES = ["virtualmachines", "virtualmachinescalesets"];

/**
 * The machine that a node runs on, as the ARM ID of a VM or of a whole scale set. An instance of a Flexible scale set
 * reports a VM of its own. A node whose providerID is no machine of Azure is taken for the VM of its name.
 */
export function machineOf(node: Node, home: Home): string {
  const id = parseResourceId(node.providerId);
  return machineId(
    isMachine(id) ? id : { ...home, provider: "microsoft.compute", type: "virtualmachines", name: node.meta.name },
  );
}

/** Whether a machine is one of the cluster's: a providerID is no licence to change machines of other people. */
export function isAtHome(machine: string, home: Home): boolean {
  const id = parseResourceId(machine);
  return isMachine(id) && resourceKey(id.subscription) === resourceKey(home.subscription);
}

function isMachine(id: ResourceId | undefined): id is ResourceId {
  if (id === undefined || resourceKey(id.provider) !== "microsoft.compute") return false;
  return MACHINE_TYPES.includes(resourceKey(id.type));
}

function machineId({ subscription, resourceGroup, provider, type, name }: ResourceId): string {
  return resourceKey(
    `/subscriptions/${subscription}/resourcegroups/${resourceGroup}/providers/${provider}/${type}/${name}`,
  );
}
