import { Fault } from "../base/fault.ts";

/** The parts of an ARM resource ID; a resource in another (a scale set's instance) gives its outer resource. */
export type ResourceId = {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly provider: string;
  readonly type: string;
  readonly name: string;
};

const RESOURCE =
  /^(?:azure:\/\/)?\/?subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/([^/]+)\/([^/]+)(?:\/.*)?$/i;

/** Reads an ARM resource ID or a node's providerID, in any case; undefined when it is neither. */
export function parseResourceId(text: string): ResourceId | undefined {
  const [, subscription, resourceGroup, provider, type, name] = RESOURCE.exec(text) ?? [];
  if (!subscription || !resourceGroup || !provider || !type || !name) return undefined;
  return { subscription, resourceGroup, provider, type, name };
}

const IDENTITY =
  /^\/subscriptions\/[^/\s]+\/resourcegroups\/[^/\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/\s]+$/i;
const IDENTITY_FORM =
  "/subscriptions/<subid>/resourcegroups/<resourcegroup>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";

/**
 * Checks that a text is the resource ID of a user-assigned identity, whole and in any case.
 * @throws Fault RESOURCE_ID_INVALID with the sentence that the original logged
 */
export function checkIdentityResourceId(text: string): void {
  if (IDENTITY.test(text)) return;
  throw new Fault("RESOURCE_ID_INVALID", `invalid resource id: "${text}", must match ${IDENTITY_FORM}`);
}

/** Whether two ARM resource IDs name one resource: ARM compares without regard to case. */
export function isSameResource(a: string, b: string): boolean {
  return resourceKey(a) === resourceKey(b);
}

/** The one spelling under which a resource ID is compared, sorted and used as a key. */
export function resourceKey(id: string): string {
  return id.toLowerCase();
}

/** Whether two client IDs are the same: they compare without regard to case. */
export function isSameClientId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
