import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import { apiVersion, BEHAVIOR_ANNOTATION, BEHAVIOR_NAMESPACED, kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject, writeMeta } from "./meta.ts";
import { checkIdentityResourceId, resourceKey } from "./resource-id.ts";
import { anySpelling } from "./spelling.ts";

/** What `spec.type` may be. */
const identityTypes = {
  0: "user-assigned identity",
  1: "service principal with client secret",
  2: "service principal with certificate",
} as const;

const text = v.optional(v.string(), "");

const identitySchema = objectSchema({
  spec: anySpelling({
    type: v.optional(v.number(), 0),
    resourceID: text,
    clientID: text,
    clientPassword: anySpelling({ name: text, namespace: text }),
    tenantID: text,
    auxiliaryTenantIDs: v.optional(v.array(v.string()), []),
    adResourceID: text,
    adEndpoint: text,
  }),
});

/** An AzureIdentity. Absent texts are empty, and an absent type is 0. */
export type Identity = {
  readonly meta: Meta;
  readonly type: number;
  readonly resourceId: string;
  readonly clientId: string;
  /** The Secret of types 1 and 2. */
  readonly clientPassword: { readonly name: string; readonly namespace: string };
  readonly tenantId: string;
  readonly auxiliaryTenantIds: readonly string[];
  readonly adResourceId: string;
  readonly adEndpoint: string;
};

/** Reads an AzureIdentity in today's or an older spelling. @throws Fault OBJECT_INVALID */
export function readIdentity(raw: unknown): Identity {
  const { metadata, spec } = readObject(identitySchema, kinds.identity, raw);
  return {
    meta: metadata,
    type: spec.type,
    resourceId: spec.resourceID,
    clientId: spec.clientID,
    clientPassword: spec.clientPassword,
    tenantId: spec.tenantID,
    auxiliaryTenantIds: spec.auxiliaryTenantIDs,
    adResourceId: spec.adResourceID,
    adEndpoint: spec.adEndpoint,
  };
}

/** Why an identity cannot be used as it is, a sentence that says what to write instead; undefined when it can. */
export function identityProblem(identity: Identity): string | undefined {
  if (!(identity.type in identityTypes)) {
    const allowed = Object.entries(identityTypes).map(([type, meaning]) => `${type} (${meaning})`);
    return `unknown type ${identity.type}: set spec.type to ${allowed.join(", ")}`;
  }
  if (identity.type !== 0) return identity.clientId === "" ? "no client id: set spec.clientID" : undefined;
  try {
    checkIdentityResourceId(identity.resourceId);
    return undefined;
  } catch (reason) {
    return Fault.from(reason).message;
  }
}

/** Equal for identities that name the same one in Azure, in whatever object and case: it is known by its client ID. */
export function identityKey({ clientId, resourceId }: Pick<Identity, "clientId" | "resourceId">): string {
  return clientId === "" ? resourceKey(resourceId) : clientId.toLowerCase();
}

/** Whether the identity itself asks to be used only in its own namespace. */
export function isNamespaced(identity: Identity): boolean {
  return identity.meta.annotations[BEHAVIOR_ANNOTATION] === BEHAVIOR_NAMESPACED;
}

/** The identity as an AzureAssignedIdentity embeds it: today's spelling, whatever the source used. */
export function embedIdentity(identity: Identity): object {
  return {
    apiVersion: apiVersion(kinds.identity),
    kind: kinds.identity.kind,
    metadata: writeMeta(identity.meta),
    spec: {
      type: identity.type,
      resourceID: identity.resourceId,
      clientID: identity.clientId,
      clientPassword: identity.clientPassword,
      tenantID: identity.tenantId,
      auxiliaryTenantIDs: identity.auxiliaryTenantIds,
      adResourceID: identity.adResourceId,
      adEndpoint: identity.adEndpoint,
    },
  };
}
