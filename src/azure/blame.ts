import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";
import { identityRemoval, roleAssignment } from "./az-command.ts";
import { isRoleMissing } from "./identity-refusal.ts";
import { machineName } from "./machine-name.ts";

/**
 * Whom a refusal is about:
 *
 * - `named`: these of the identities that were sent.
 * - `others`: only identities that were not sent. The machine carries them, and Azure refuses every change of it.
 * - `nobody` in particular.
 */
export type Blame =
  | { readonly kind: "named"; readonly ids: readonly string[] }
  | { readonly kind: "others"; readonly fault: Fault }
  | { readonly kind: "nobody" };

/**
 * Whom Azure blames for an ARM_IDENTITY_REFUSED or ARM_CHANGE_REFUSED. `sent` holds all IDs of the change, those to
 * take off too, in the spelling of `resourceKey`. Only whole IDs count; where Azure leaves out the subscription, one
 * that only one of those sent can be.
 */
export function blame(fault: Fault, sent: readonly string[]): Blame {
  const named = namedIn(fault).map((text) => ({ text, ids: sent.filter((id) => isNamed(id, text)) }));
  const found = named.flatMap(({ ids }) => (ids.length === 1 ? ids : []));
  if (found.length > 0) return { kind: "named", ids: sent.filter((id) => found.includes(id)) };
  const others = named.flatMap(({ text, ids }) => (ids.length === 0 ? [text] : []));
  if (others.length === 0 || others.length < named.length) return { kind: "nobody" };
  return { kind: "others", fault: staleFault(fault, others) };
}

/** Between two IDs stands a comma, which a text that somebody has made up may hold, too. */
function namedIn({ facts }: Fault): readonly string[] {
  return facts.identities === undefined ? [] : String(facts.identities).split(/,(?=\/)/);
}

function isNamed(id: string, text: string): boolean {
  const key = resourceKey(text);
  return key.startsWith("/subscriptions/") ? id === key : id.endsWith(key);
}

/** What is wrong with a machine whose own identities Azure minds. */
function staleFault({ facts, cause, message, retryAfterMs }: Fault, others: readonly string[]): Fault {
  const machine = String(facts.machine);
  const ids = others.map(wholeId);
  const check = isRoleMissing(facts.code)
    ? `grant MIC the role with ${roleAssignment("Managed Identity Operator", facts.principal, ids[0] ?? "")}`
    : "check that it exists in Azure";
  const remove = identityRemoval(machine, ids);
  const code = facts.code === undefined ? "" : ` (${facts.code})`;
  return new Fault(
    "ARM_IDENTITY_STALE",
    `${machineName(machine)} carries the identity ${ids.join(", ")}, because of which Azure refuses every change${code}: ${check}, or take it off with ${remove}`,
    { facts: { ...facts, identities: others.join(",") }, cause: cause ?? message, retryAfterMs },
  );
}

function wholeId(id: string): string {
  return id.startsWith("/subscriptions/") ? id : `/subscriptions/<subscription>${id}`;
}
