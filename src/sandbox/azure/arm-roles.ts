import { issuedTo } from "./arm-bearer.ts";
import { Refusal } from "./refusal.ts";
import type { MachineKind } from "./resource-id.ts";
import type { Asked } from "./server.ts";
import type { World } from "./world.ts";

/** The machine that identities are put on; it may be about to be created. */
type Target = { readonly id: string; readonly kind: MachineKind };

/**
 * Resource Manager's own check, before Compute hears of a change: who puts identities on a machine needs a role on each.
 * @throws Refusal LinkedAuthorizationFailed that names all identities that may not be assigned
 */
export function checkAssignments(world: World, target: Target, identity: unknown, asked: Asked): void {
  const { appid, oid } = issuedTo(world, asked);
  const denied = assignedBy(identity).filter((id) => !world.mayAssign(id, oid));
  if (denied.length === 0) return;
  const { id, kind } = target;
  const message = `The client '${appid}' with object id '${oid}' has permission to perform action 'Microsoft.Compute/${kind}/write' on scope '${id}'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${denied.join(",")}' (respectively) or the linked scope(s) are invalid.`;
  throw new Refusal(403, "LinkedAuthorizationFailed", message);
}

/** The identities that a change puts on a machine; what it is not well formed for is found later. */
function assignedBy(identity: unknown): readonly string[] {
  const { userAssignedIdentities } = Object(identity) as { readonly userAssignedIdentities?: unknown };
  const entries = Object.entries(Object(userAssignedIdentities) as Record<string, unknown>);
  return entries.flatMap(([id, value]) => (value === null ? [] : [id]));
}
