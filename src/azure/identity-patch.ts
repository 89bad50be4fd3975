/** What a machine's PATCH carries at most; ARM takes no more in one request. */
export const PATCH_SIZE = 150;

/** The identities of a machine as ARM shows them; IDs in the spelling of `resourceKey`. */
export type MachineIdentity = { readonly type: string; readonly userAssigned: ReadonlySet<string> };
/** What shall be on a machine and what shall not; an ID in both stays. IDs in the spelling of `resourceKey`. */
export type IdentityWish = { readonly attach: readonly string[]; readonly detach: readonly string[] };
/** The `identity` of a PATCH: `{}` adds an identity, null takes it off. */
export type IdentityPatch = {
  readonly type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned, UserAssigned";
  readonly userAssignedIdentities?: Readonly<Record<string, object | null>>;
};

/**
 * The patches that lead from what is to what is wished: only differences, none when there are none. A system-assigned
 * identity survives every one:
 *
 *     type before                       some user-assigned left         none left
 *     none, None, UserAssigned          UserAssigned                    None
 *     SystemAssigned[, UserAssigned]    SystemAssigned, UserAssigned    SystemAssigned
 */
export function identityPatches(current: MachineIdentity, { attach, detach }: IdentityWish): readonly IdentityPatch[] {
  const added = [...new Set(attach)].filter((id) => !current.userAssigned.has(id));
  const removed = [...new Set(detach)].filter((id) => current.userAssigned.has(id) && !attach.includes(id));
  if (added.length + removed.length === 0) return [];
  const hasSystem = /systemassigned/i.test(current.type);
  if (current.userAssigned.size + added.length === removed.length) {
    return [{ type: hasSystem ? "SystemAssigned" : "None" }];
  }
  const type = hasSystem ? "SystemAssigned, UserAssigned" : "UserAssigned";
  // Additions go first, so that no patch on the way takes the last identity off.
  const entries = [...added.map((id) => [id, {}] as const), ...removed.map((id) => [id, null] as const)];
  return batches(entries).map((batch) => ({ type, userAssignedIdentities: Object.fromEntries(batch) }));
}

/** The identities after a patch has succeeded. */
export function patched(current: MachineIdentity, { type, userAssignedIdentities }: IdentityPatch): MachineIdentity {
  const userAssigned = new Set(userAssignedIdentities === undefined ? [] : current.userAssigned);
  for (const [id, value] of Object.entries(userAssignedIdentities ?? {})) {
    if (value === null) userAssigned.delete(id);
    else userAssigned.add(id);
  }
  return { type, userAssigned };
}

function batches<T>(entries: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(entries.length / PATCH_SIZE);
  return Array.from({ length: count }, (_, i) => entries.slice(i * PATCH_SIZE, (i + 1) * PATCH_SIZE));
}
