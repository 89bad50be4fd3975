import { readMachineId } from "../api/machine-id.ts";
import { isInScope } from "../api/machine-scope.ts";
import type { Node } from "../api/node.ts";
import { parseResourceId, type ResourceId, resourceKey } from "../api/resource-id.ts";
import type { Home, Settings } from "./types.ts";

const MACHINE_TYPES = ["virtualmachines", "virtualmachinescalesets"];

/**
 * The machine that a node runs on, as the ARM ID of a VM or of a whole scale set. An instance of a Flexible scale set
 * reports a VM of its own. A node without a providerID is taken for the VM of its name; undefined when it has one that is
 * no machine of Azure.
 */
function machineOf(node: Node, home: Home): ResourceId | undefined {
  const id = parseResourceId(node.providerId);
  if (isMachine(id)) return id;
  if (node.providerId !== "") return undefined;
  return { ...home, provider: "microsoft.compute", type: "virtualmachines", name: node.meta.name };
}

/** The machines that MIC may change. */
export type Fleet = {
  /** The machine of a node; empty when its providerID is no machine of Azure, undefined when there is no such node. */
  readonly of: (nodeName: string) => string | undefined;
  /**
   * Whether a machine is one of the cluster's. In the cluster's subscription, or one that is named as a scope, it must
   * have a node now; in the cluster's own resource group, or one that is named, a record is enough. Neither a
   * providerID nor a record is a licence to change machines of other people.
   */
  readonly has: (machine: string) => boolean;
  /** Whether a node runs Windows, where there is no NMI and so nobody to use an identity. */
  readonly isWindows: (nodeName: string) => boolean;
};

export function fleetOf(nodes: readonly Node[], { home, scopes }: Pick<Settings, "home" | "scopes">): Fleet {
  const windows = new Set(nodes.filter((node) => node.isWindows).map((node) => node.meta.name));
  const wide = [{ ...home, resourceGroup: "" }, ...scopes];
  const narrow = [home, ...scopes].filter(({ resourceGroup }) => resourceGroup !== "");
  const byNode = new Map<string, string>();
  const withNode = new Set<string>();
  for (const node of nodes) {
    const id = machineOf(node, home);
    const machine = id === undefined ? "" : machineIdOf(id);
    byNode.set(node.meta.name, machine);
    if (isInAny(machine, wide)) withNode.add(machine);
  }
  return {
    of: (nodeName) => byNode.get(nodeName),
    has: (machine) => withNode.has(machine) || isInAny(machine, narrow),
    isWindows: (nodeName) => windows.has(nodeName),
  };
}

function isInAny(machine: string, scopes: readonly Home[]): boolean {
  const id = readMachineId(machine);
  return id !== undefined && scopes.some((scope) => isInScope(id, scope));
}

function isMachine(id: ResourceId | undefined): id is ResourceId {
  if (id === undefined || resourceKey(id.provider) !== "microsoft.compute") return false;
  return MACHINE_TYPES.includes(resourceKey(id.type));
}

function machineIdOf({ subscription, resourceGroup, provider, type, name }: ResourceId): string {
  return resourceKey(
    `/subscriptions/${subscription}/resourcegroups/${resourceGroup}/providers/${provider}/${type}/${name}`,
  );
}
