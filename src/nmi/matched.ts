import type { Identity } from "../api/identity.ts";
import { printable } from "../base/log.ts";
import { redactClientId } from "../base/secret.ts";

/** What the original's line told of an identity beside its client ID, by type. */
const details: Readonly<Record<number, (identity: Identity) => string>> = { 1: authority, 2: authority };

/** The original's line for an identity that gives a token, which the troubleshooting guide looks for. */
export function matchedLine(identity: Identity, resource: string): string {
  const detail = details[identity.type]?.(identity) ?? "";
  const clientId = redactClientId(oneWord(identity.clientId));
  return `matched identityType:${identity.type}${detail} clientid:${clientId} resource:${oneWord(resource)}`;
}

function authority({ adEndpoint, tenantId, auxiliaryTenantIds }: Identity): string {
  const auxiliary = auxiliaryTenantIds.map(oneWord).join(" ");
  return ` adendpoint:${oneWord(adEndpoint)} tenantid:${oneWord(tenantId)} auxiliaryTenantIDs:[${auxiliary}]`;
}

/** Text from outside as a part of a message: it can look neither like more of the message nor like a field. */
export function oneWord(text: string): string {
  return printable(text).replace(/[\s"]/g, encodeURIComponent);
}
