import type { IdentityBlock } from "./identity-block.ts";
import type { LongOperation } from "./long-operation.ts";
import type { Instance, Machine } from "./machine.ts";
import type { World } from "./world.ts";

const VM_SIZE = "Standard_D2s_v5";

/** The error of a change that a newer one of the same machine has taken over. */
export const PREEMPTED = {
  code: "OperationPreempted",
  message: "Operation execution has been preempted by a more recent operation.",
};

/** A VM or scale set as Resource Manager shows it; the etag only where the api-version knows any. */
export function machineJson(world: World, machine: Machine, etag?: string): object {
  const { id, name, kind, location, instances, tags, properties = {} } = machine.facts;
  const provisioningState = machine.isUpdating ? "Updating" : "Succeeded";
  const type = `Microsoft.Compute/${kind}`;
  const tagged = Object.keys(tags).length > 0 && { tags };
  const common = {
    name,
    id,
    type,
    location,
    ...tagged,
    ...(etag && { etag }),
    ...identityJson(world, machine.identity),
  };
  if (kind === "virtualMachineScaleSets") {
    return {
      ...common,
      sku: { name: VM_SIZE, tier: "Standard", capacity: instances.length },
      properties: { orchestrationMode: "Uniform", ...properties, provisioningState, uniqueId: machine.uniqueId },
    };
  }
  const vmId = instances[0]?.vmId;
  return { ...common, properties: { hardwareProfile: { vmSize: VM_SIZE }, ...properties, vmId, provisioningState } };
}

/** An instance of a scale set; its identities are those of the scale set. */
export function instanceJson(scaleSet: Machine, { id, name, vmId }: Instance): object {
  const instanceId = id.slice(id.lastIndexOf("/") + 1);
  return {
    name,
    id,
    type: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    location: scaleSet.facts.location,
    instanceId,
    sku: { name: VM_SIZE, tier: "Standard" },
    properties: { vmId, hardwareProfile: { vmSize: VM_SIZE }, provisioningState: "Succeeded" },
  };
}

/** The identity block as Azure shows it: absent when there is none. */
function identityJson(world: World, { systemAssigned, userAssigned }: IdentityBlock): object {
  const types = [systemAssigned && "SystemAssigned", userAssigned.size > 0 && "UserAssigned"].filter((one) => one);
  if (types.length === 0) return {};
  const entries = [...userAssigned.values()].map(({ id, principalId, clientId }) => [id, { principalId, clientId }]);
  return {
    identity: {
      type: types.join(", "),
      ...(systemAssigned && { principalId: systemAssigned.principalId, tenantId: world.tenant }),
      ...(entries.length > 0 && { userAssignedIdentities: Object.fromEntries(entries) }),
    },
  };
}

/** An operation as `Azure-AsyncOperation` shows it. */
export function operationJson(operation: LongOperation): object {
  const { id, status, startedAt, endedAt } = operation;
  return {
    startTime: new Date(startedAt).toISOString(),
    ...(endedAt === undefined ? {} : { endTime: new Date(endedAt).toISOString() }),
    status,
    ...(status === "Canceled" ? { error: PREEMPTED } : {}),
    name: id,
  };
}
