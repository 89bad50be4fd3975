import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";
import { roleAssignment } from "./az-command.ts";

/** A whole ID: commas part it from another ID only, since anybody may have written what Azure quotes. */
const IDENTITY =
  /\/subscriptions\/[^/'"\s]+\/resourcegroups\/[^/'"\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/'"\s)]+?(?=,\/|[.,:;]*(?:['"\s)]|$))/gi;
/** How a resource that is not there is called: its type and name, and its resource group elsewhere. */
const MISSING =
  /'Microsoft\.ManagedIdentity\/userAssignedIdentities\/([^/']+)'(?: under resource group '([^']+)')?[^']*was not found/i;
/** What else a change of a machine may take, such as joining its subnet. */
const LINKED_ACTION = /permission to perform action(?:\(s\))? '([^']+)' on the linked scope\(s\) '([^']+)'/i;

/** Codes with which Azure refuses a change of a machine because of the identities in it. */
const ABOUT_IDENTITIES = new Set([
  "LinkedAuthorizationFailed",
  "LinkedAccessCheckFailed",
  "LinkedInvalidPropertyId",
  "FailedIdentityOperation",
  "IdentityNotFound",
  "InvalidIdentityValues",
  "UserAssignedIdentityNotFound",
]);
/** What it takes to put an identity on a machine, wherever Azure says that it is missing. */
const ASSIGN = /userAssignedIdentities\/assign\/action/i;
/** Codes that ask for a role. */
const ROLE_MISSING = new Set<unknown>(["LinkedAuthorizationFailed", "LinkedAccessCheckFailed", "AuthorizationFailed"]);
/** The identity service itself had trouble, so the identities may be sound. */
const PASSING =
  /Status: '(Conflict|TooManyRequests|InternalServerError|BadGateway|ServiceUnavailable|GatewayTimeout)'/i;
const TOO_MANY = /(TooMany|Exceed|Limit|Quota)/i;

/** What an error of Azure says about identities, if it is about identities at all. */
export type IdentityTrouble = { readonly kind: "refused" | "too many" | "passing" };

/** Whether Azure refuses a change because of its identities; undefined when it is about something else. */
export function identityTrouble(code: string, message: string): IdentityTrouble | undefined {
  if (/identit/i.test(code) && TOO_MANY.test(code)) return { kind: "too many" };
  if (code === "FailedIdentityOperation") {
    if (/\bexceeds? (the )?limit\b/i.test(message)) return { kind: "too many" };
    if (PASSING.test(message)) return { kind: "passing" };
  }
  const isAbout = ABOUT_IDENTITIES.has(code) || ASSIGN.test(message) || MISSING.test(message);
  return isAbout ? { kind: "refused" } : undefined;
}

/** An action on something else than an identity that MIC lacks the right to; undefined when Azure asks for none. */
export function otherAction(code: string, message: string): { action: string; scope: string } | undefined {
  const [, action = "", scope = ""] = LINKED_ACTION.exec(message) ?? [];
  return action === "" || !isRoleMissing(code) || ASSIGN.test(action) ? undefined : { action, scope };
}

/**
 * The resource IDs of all identities that a message of Azure names, as it spells them. One without a subscription
 * begins with its resource group, or with its provider.
 */
export function identitiesIn(message: string): readonly string[] {
  const named = message.match(IDENTITY) ?? [];
  const [, name, group] = MISSING.exec(message) ?? [];
  const where = group === undefined ? "" : `/resourcegroups/${group}`;
  const missing =
    name === undefined ? [] : [`${where}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`];
  return [...new Map([...named, ...missing].map((id) => [resourceKey(id), id])).values()];
}

/**
 * What the owner of one identity is told of a refusal: neither other identities nor machines, of which others own
 * some. It ends with what to do. What Azure says of a refusal that MIC does not know is the fact `azure`, for the log.
 */
export function refusalOf(id: string, { code, facts, cause, message }: Fault): Fault {
  const about = { facts: { identities: id, ...(facts.code === undefined ? {} : { code: facts.code }) } };
  const options = { ...about, cause: cause ?? message };
  if (isRoleMissing(facts.code)) {
    const grant = roleAssignment("Managed Identity Operator", facts.principal, id);
    return new Fault(code, `MIC may not put the identity ${id} on machines: grant it the role with ${grant}`, options);
  }
  const refuses = `Azure refuses the identity ${id}${facts.code === undefined ? "" : ` (${facts.code})`}`;
  if (code === "ARM_CHANGE_REFUSED") {
    const azure = { ...about.facts, azure: message };
    const fix = "MIC's log holds what Azure says";
    return new Fault("ARM_IDENTITY_REFUSED", `${refuses}: ${fix}`, { ...options, facts: azure });
  }
  return new Fault(code, `${refuses}: check that it exists in Azure`, options);
}

/** Whether an error's code asks for a role. */
export function isRoleMissing(code: unknown): boolean {
  return ROLE_MISSING.has(code);
}
