import { randomUUID } from "node:crypto";
import type { World } from "./world.ts";

/** Whom a token is for, what it opens, and how long. */
export type Grant = {
  readonly tenant: string;
  /** The application: a service principal's or an identity's client ID. */
  readonly clientId: string;
  readonly principalId: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
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

/**
 * An app-only access token. The resource decides on a token's version, and Azure's own resources take 1.0, from either
 * endpoint: so the version is always 1.0.
 */
export function accessToken(world: World, grant: Grant): AccessToken {
  const now = Math.floor(world.clock.now() / 1000);
  const notBefore = now - BACKDATED_SECONDS;
  const expiresOn = now + grant.lifetimeSeconds;
  const token = world.key.sign({
    aud: grant.audience,
    iss: issuerOf(grant.tenant),
    iat: notBefore,
    nbf: notBefore,
    exp: expiresOn,
    appid: grant.clientId,
    appidacr: grant.managed === undefined ? "1" : "2",
    idp: issuerOf(grant.tenant),
    idtyp: "app",
    oid: grant.principalId,
    sub: grant.principalId,
    tid: grant.tenant,
    uti: randomUUID(),
    ver: "1.0",
    ...(grant.managed === undefined ? {} : { xms_mirid: grant.managed.identity, xms_az_rid: grant.managed.machine }),
  });
  return { token, notBefore, expiresOn };
}
