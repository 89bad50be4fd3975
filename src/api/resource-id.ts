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

/**
 * As Azure allows it: a group's name has letters, digits, `_-.()` and no full stop at its end, an identity's has
 * letters, digits, `_-`. They end up in commands that people copy. For texts in lower case.
 */
const IDENTITY =
  /^\/subscriptions\/[\w-]{1,64}\/resourcegroups\/[\p{L}\p{Nd}_.()-]{0,89}[\p{L}\p{Nd}_()-]\/providers\/microsoft\.managedidentity\/userassignedidentities\/[a-z\d][\w-]{0,127}$/u;
/** In characters; no resource ID is as long. */
const LONGEST_SHOWN = 500;
const IDENTITY_FORM =
  "/subscriptions/<subid>/resourcegroups/<resourcegroup>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";

/**
 * Checks that a text is the resource ID of a user-assigned identity, whole and in any case.
 * @throws Fault RESOURCE_ID_INVALID with the sentence that the original logged
 */
export function checkIdentityResourceId(text: string): void {
  if (text.length <= LONGEST_SHOWN && IDENTITY.test(resourceKey(text))) return;
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  throw new Fault("RESOURCE_ID_INVALID", `invalid resource id: "${shown}", must match ${IDENTITY_FORM}`);
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
