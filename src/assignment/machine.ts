import type { Node } from "../api/node.ts";
import { parseResourceId, type ResourceId, resourceKey } from "../api/resource-id.ts";
import type { Home } from "./types.ts";

const MACHINE_TYPES = ["virtualmachines", "virtualmachinescalesets"];

/**
 * The machine that a node runs on, as the ARM ID of a VM or of a whole scale set. An instance of a Flexible scale set
 * reports a VM of its own. A node whose providerID is no machine of Azure is taken for the VM of its name.
 */
function machineOf(node: Node, home: Home): string {
  const id = parseResourceId(node.providerId);
  return machineId(
    isMachine(id) ? id : { ...home, provider: "microsoft.compute", type: "virtualmachines", name: node.meta.name },
  );
}

/** The machines that MIC may change. */
export type Fleet = {
  /** The machine of a node; undefined when there is no such node. */
  readonly of: (nodeName: string) => string | undefined;
  /**
   * Whether a machine is one of the cluster's: it has a node now, in the cluster's subscription, or it lies in the
   * cluster's own resource group. Neither a providerID nor a record is a licence to change machines of other people.
   */
  readonly has: (machine: string) => boolean;
};

export function fleetOf(nodes: readonly Node[], home: Home): Fleet {
  const byNode = new Map(nodes.map((node) => [node.meta.name, machineOf(node, home)]));
  const atHome = new Set([...byNode.values()].filter((machine) => isIn(machine, home.subscription)));
  return {
    of: (nodeName) => byNode.get(nodeName),
    has: (machine) => atHome.has(machine) || isIn(machine, home.subscription, home.resourceGroup),
  };
}

function isIn(machine: string, subscription: string, resourceGroup?: string): boolean {
  const id = parseResourceId(machine);
  if (!isMachine(id) || resourceKey(id.subscription) !== resourceKey(subscription)) return false;
  return resourceGroup === undefined || resourceKey(id.resourceGroup) === resourceKey(resourceGroup);
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
