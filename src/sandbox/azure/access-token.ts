import { randomUUID } from "node:crypto";
import type { Claims } from "./signing-key.ts";
import type { World } from "./world.ts";

/** Whom a token is for, what it opens, and how long. */
export type Grant = {
  readonly tenant: string;
  /** The application: a service principal's or an identity's client ID. */
  readonly clientId: string;
  readonly principalId: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
  /** How a service principal proved who it is; a managed identity does so by certificates of Azure's own. */
  readonly proof?: "secret" | "assertion";
  /** Where the resource asks for tokens of version 2.0: who issues them, and the resource's client ID. */
  readonly version2?: { readonly issuer: string; readonly audience: string };
  /** A managed identity: its own resource ID, and that of the machine that asked. */
  readonly managed?: { readonly identity: string; readonly machine: string };
};
/** Times are in seconds since 1970. */
export type AccessToken = { readonly token: string; readonly notBefore: number; readonly expiresOn: number };

/** Entra ID dates its tokens back, for clocks that are behind. */
const BACKDATED_SECONDS = 300;

/** The issuer of the tokens of a tenant. */
export function issuerOf(tenant: string): string {
  return `https://sts.windows.net/${tenant}/`;
}

/** An app-only access token. The resource decides on its version, whatever the endpoint; Azure's own take 1.0. */
export function accessToken(world: World, grant: Grant): AccessToken {
  const now = Math.floor(world.clock.now() / 1000);
  const notBefore = now - BACKDATED_SECONDS;
  const expiresOn = now + grant.lifetimeSeconds;
  const token = world.key.sign({
    iat: notBefore,
    nbf: notBefore,
    exp: expiresOn,
    ...versionClaims(grant),
    idtyp: "app",
    oid: grant.principalId,
    sub: grant.principalId,
    tid: grant.tenant,
    uti: randomUUID(),
    ...(grant.managed === undefined ? {} : { xms_mirid: grant.managed.identity, xms_az_rid: grant.managed.machine }),
  });
  return { token, notBefore, expiresOn };
}

/** The claims whose names or meaning differ between the versions. */
function versionClaims({ audience, clientId, managed, proof, tenant, version2 }: Grant): Claims {
  const reference = managed === undefined && proof !== "assertion" ? "1" : "2";
  if (version2 !== undefined) {
    return { ver: "2.0", aud: version2.audience, iss: version2.issuer, azp: clientId, azpacr: reference };
  }
  const issuer = issuerOf(tenant);
  return { ver: "1.0", aud: audience, iss: issuer, appid: clientId, appidacr: reference, idp: issuer };
}
