import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { Fault } from "../base/fault.ts";
import { printable } from "../base/log.ts";

const PUBLIC_CLOUD = "https://login.microsoftonline.com/";
/** An ID or a domain: nothing that a URL would take for more than one part of its path. */
const TENANT = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i;

/** Why a text cannot be the URL of an authority; undefined when it can. */
export function authorityProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "is no URL";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "https:") return "does not begin with https://";
  return username + password + search + hash === "" ? undefined : "is more than a host and a path";
}

/**
 * Where the identity's application asks for tokens of a tenant. A path of spec.adEndpoint stays, whether it ends in a
 * slash or not.
 * @param tenant the identity's own or one of its auxiliary tenants
 * @param allowed URLs of authorities, each with everything beneath it
 * @throws Fault OBJECT_INVALID, or IDENTITY_DENIED for an authority that nobody allowed
 */
export function tokenEndpoint(identity: Identity, tenant: string, allowed: readonly string[]): URL {
  const { meta, adEndpoint } = identity;
  const name = objectKey(meta);
  const problem = adEndpoint === "" ? undefined : authorityProblem(adEndpoint);
  if (problem !== undefined) {
    const message = `spec.adEndpoint ${problem}: write the address of its cloud's authority, e.g. ${PUBLIC_CLOUD}`;
    throw new Fault("OBJECT_INVALID", `AzureIdentity ${name} cannot be used: ${message}`);
  }
  if (!TENANT.test(tenant)) {
    const setting = tenant === identity.tenantId ? "spec.tenantID" : "spec.auxiliaryTenantIDs";
    const message = `"${printable(tenant)}" is no tenant: write a tenant's ID or domain into ${setting}`;
    throw new Fault("OBJECT_INVALID", `AzureIdentity ${name} cannot be used: ${message}`);
  }
  const authority = beneath(new URL(adEndpoint === "" ? PUBLIC_CLOUD : adEndpoint));
  if (!allowed.some((one) => authority.href.startsWith(beneath(new URL(one)).href))) {
    const message = `AzureIdentity ${name} names the authority ${printable(authority.href)}, which is no known cloud's: an administrator can allow it with --allowed-ad-endpoints`;
    throw new Fault("IDENTITY_DENIED", message);
  }
  return new URL(`${tenant}/oauth2/token?api-version=1.0`, authority);
}

/** The same with a slash at its end; set as a part, since a path that begins with two slashes would name another host. */
function beneath(url: URL): URL {
  const whole = new URL(url);
  whole.pathname = `${url.pathname.replace(/\/+$/, "")}/`;
  return whole;
}
