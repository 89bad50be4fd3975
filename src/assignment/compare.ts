import type { Assignment } from "../api/assignment.ts";
import type { Binding } from "../api/binding.ts";
import { type Identity, isNamespaced } from "../api/identity.ts";
import type { Placement } from "../api/placement.ts";
import type { Wanted } from "./types.ts";

/** Whether a record says all that matters about what is wanted; edits of anything else touch no record. */
export function saysTheSame(record: Assignment, wanted: Wanted): boolean {
  return (
    record.nodeName === wanted.pod.nodeName &&
    record.machine === (wanted.placement?.machine ?? "") &&
    isSameIdentity(record.identity, wanted.identity) &&
    isSameBinding(record.binding, wanted.binding)
  );
}

function isSameIdentity(a: Identity, b: Identity): boolean {
  return (
    a.type === b.type &&
    a.resourceId === b.resourceId &&
    a.clientId === b.clientId &&
    a.tenantId === b.tenantId &&
    a.adEndpoint === b.adEndpoint &&
    a.adResourceId === b.adResourceId &&
    a.clientPassword.name === b.clientPassword.name &&
    a.clientPassword.namespace === b.clientPassword.namespace &&
    isNamespaced(a) === isNamespaced(b) &&
    a.auxiliaryTenantIds.length === b.auxiliaryTenantIds.length &&
    a.auxiliaryTenantIds.every((tenant, i) => tenant === b.auxiliaryTenantIds[i])
  );
}

function isSameBinding(a: Binding, b: Binding): boolean {
  return (
    a.meta.name === b.meta.name &&
    a.meta.namespace === b.meta.namespace &&
    a.identityName === b.identityName &&
    a.selector === b.selector &&
    a.weight === b.weight
  );
}

/** Whether two placements are one; both absent counts. */
export function isSamePlacement(a: Placement | undefined, b: Placement | undefined): boolean {
  return a?.machine === b?.machine && a?.resourceId === b?.resourceId;
}
