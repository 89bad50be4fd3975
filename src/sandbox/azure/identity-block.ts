import { randomUUID } from "node:crypto";
import { Refusal } from "./refusal.ts";
import { isIdentityId, lookupKey } from "./resource-id.ts";

/** A principal in Entra ID that a token can be for. */
export type Principal = { readonly clientId: string; readonly principalId: string };
/** A user-assigned identity as a machine holds it: it stays the one that was attached, even when deleted meanwhile. */
export type AttachedIdentity = Principal & { readonly id: string };
/** The identities of a machine; the map's keys are lookup keys. */
export type IdentityBlock = {
  readonly systemAssigned: Principal | undefined;
  readonly userAssigned: ReadonlyMap<string, AttachedIdentity>;
};
export type IdentityChange = {
  readonly machineId: string;
  /** The user-assigned identity with that ID, if it exists in Azure. */
  readonly find: (id: string) => AttachedIdentity | undefined;
};

export const NO_IDENTITY: IdentityBlock = { systemAssigned: undefined, userAssigned: new Map() };

/**
 * The identities of a machine after a PATCH with this `identity`: `{}` adds a user-assigned identity, `null` takes it
 * off (also where it is not there, as a merge patch does), an identity that is not named stays. The type says which
 * kinds remain: leaving `SystemAssigned` out of it removes the machine's own identity.
 * @throws Refusal with Azure's errors
 */
export function patchedIdentity(current: IdentityBlock, patch: unknown, change: IdentityChange): IdentityBlock {
  const { type, userAssignedIdentities } = asRecord(patch, "identity");
  const kinds = readType(type);
  const entries = Object.entries(asRecord(userAssignedIdentities ?? {}, "identity.userAssignedIdentities"));
  const systemAssigned = kinds.has("systemassigned") ? (current.systemAssigned ?? newPrincipal()) : undefined;
  if (kinds.has("userassigned")) {
    return { systemAssigned, userAssigned: merged(current.userAssigned, entries, change) };
  }
  if (entries.some(([, value]) => value !== null)) {
    const message = `ResourceIdentity identityIds should not be provided if the type is "${String(type)}".`;
    throw new Refusal(400, "InvalidParameter", message);
  }
  return { systemAssigned, userAssigned: new Map() };
}

/**
 * The identities of a machine after a PUT with this `identity`: those that it names, and no others.
 * @throws Refusal with Azure's errors
 */
export function replacedIdentity(current: IdentityBlock, put: unknown, change: IdentityChange): IdentityBlock {
  const { userAssignedIdentities } = asRecord(put, "identity");
  const named = new Set(Object.keys(Object(userAssignedIdentities)).map(lookupKey));
  const kept = new Map([...current.userAssigned].filter(([key]) => named.has(key)));
  return patchedIdentity({ ...current, userAssigned: kept }, put, change);
}

export function newPrincipal(): Principal {
  return { clientId: randomUUID(), principalId: randomUUID() };
}

function merged(
  current: ReadonlyMap<string, AttachedIdentity>,
  entries: readonly (readonly [string, unknown])[],
  { machineId, find }: IdentityChange,
): ReadonlyMap<string, AttachedIdentity> {
  const next = new Map(current);
  for (const [id, value] of entries) {
    if (!isIdentityId(id)) throw notAResourceId(id);
    if (value === null) next.delete(lookupKey(id));
    else if (typeof value !== "object") throw badValue(id);
    else if (!next.has(lookupKey(id))) next.set(lookupKey(id), find(id) ?? raise(identityNotFound(machineId, id)));
  }
  if (next.size === 0) {
    const message = "The identity ids must not be null or empty for 'UserAssigned' identity type.";
    throw new Refusal(400, "MissingIdentityIds", message);
  }
  return next;
}

function readType(type: unknown): ReadonlySet<string> {
  if (typeof type !== "string") throw invalidContent("Required property 'type' not found in JSON. Path 'identity'.");
  const kinds = new Set(type.split(",").map((kind) => kind.trim().toLowerCase()));
  const known = kinds.has("none") ? kinds.size === 1 : kinds.isSubsetOf(new Set(["systemassigned", "userassigned"]));
  if (!known) throw invalidContent(`Error converting value "${type}" to type 'ResourceIdentityType'. Path 'identity'.`);
  return kinds;
}

function asRecord(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalidContent(`Expected a JSON object. Path '${path}'.`);
}

/** Azure's answer to a body that it cannot read. */
export function invalidContent(reason: string): Refusal {
  const message = `The request content was invalid and could not be deserialized: '${reason}'.`;
  return new Refusal(400, "InvalidRequestContent", message);
}

function identityNotFound(machineId: string, id: string): Refusal {
  const inner = JSON.stringify({ error: { code: "BadRequest", message: `Resource '${id}' was not found.` } });
  const reason = `Failed to perform resource identity operation. Status: 'BadRequest'. Response: '${inner}'.`;
  const message = `Identity operation for resource '${machineId}' failed with error '${reason}'.`;
  return new Refusal(400, "FailedIdentityOperation", message);
}

function notAResourceId(id: string): Refusal {
  const message = `Property id '${id}' at path 'identity.userAssignedIdentities' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`;
  return new Refusal(400, "LinkedInvalidPropertyId", message);
}

function badValue(id: string): Refusal {
  const message = `Invalid value for the identities '${id}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.`;
  return new Refusal(400, "InvalidIdentityValues", message);
}

function raise(refusal: Refusal): never {
  throw refusal;
}
