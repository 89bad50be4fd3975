/** ARM resource IDs: they keep the spelling that they were created with and compare without regard to case. */

export type MachineKind = "virtualMachines" | "virtualMachineScaleSets";

/** What to look a resource up by, whatever the spelling of its ID or name. */
export function lookupKey(id: string): string {
  return id.toLowerCase().replace(/\/+$/, "");
}

export function resourceGroupId(subscription: string, name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${name}`;
}

export function machineId(groupId: string, kind: MachineKind, name: string): string {
  return `${groupId}/providers/Microsoft.Compute/${kind}/${name}`;
}

export function identityId(groupId: string, name: string): string {
  return `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

/** Whether the text is written as the ID of a user-assigned identity. */
export function isIdentityId(id: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/]+$/i.test(
    id,
  );
}
