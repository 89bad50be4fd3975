import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import { startArm } from "../../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../../src/sandbox/azure/entra.ts";
import { SigningKey } from "../../../src/sandbox/azure/signing-key.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { createAuthority, type ServerCertificate } from "../../../src/sandbox/certificates.ts";

/** Issues the certificates of the emulators; `trustAuthority` lets this process trust it. */
export const authority = await createAuthority();
const tls: ServerCertificate = await authority.serverCertificate();
/** To make one takes a second on a busy machine. */
const usualKey = await SigningKey.generate();

type Vendor = Awaited<ReturnType<typeof vendorAzure>>;
type Wishes = { readonly operationMs?: number; readonly key?: SigningKey };

/** Lets all of this process trust the emulators, as a machine does that has the authority among its own. */
export function trustAuthority(): void {
  setDefaultCACertificates([...getCACertificates("default"), authority.caPem]);
}

/** Entra ID and Resource Manager over TLS, as the vendor's own clients need them. */
export async function vendorAzure({ operationMs = 0, key = usualKey }: Wishes = {}) {
  const world = await createWorld({ key });
  await using starting = new AsyncDisposableStack();
  const entra = starting.use(await startEntra({ world, tls }));
  const arm = starting.use(await startArm({ world, tls, operationMs }));
  const running = starting.move();
  return {
    world,
    arm,
    entra,
    /** What a token says, once the published keys, the issuer and the audience are those that it should have. */
    verified: (token: string, audience: string, version: "" | "/v2.0" = "") =>
      verifiedBy(`${entra.url}/${world.tenant}${version}`, token, audience),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** A new service principal, as clients of Resource Manager take it. */
export function signedIn({ world, entra }: Pick<Vendor, "world" | "entra">): ClientSecretCredential {
  const { tenant, clientId, secret } = world.createServicePrincipal();
  const where = { authorityHost: entra.url, disableInstanceDiscovery: true };
  return new ClientSecretCredential(tenant, clientId, secret, where);
}

/** Verifies a token as any resource does: by discovery, keys, issuer and audience. @throws Error of jose */
async function verifiedBy(base: string, token: string, audience: string): Promise<JWTPayload> {
  const response = await fetch(`${base}/.well-known/openid-configuration`);
  const { issuer, jwks_uri } = (await response.json()) as { readonly issuer: string; readonly jwks_uri: string };
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer, audience });
  return payload;
}

/** A file with some text, for as long as it is used. */
export async function fileOf(text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(tmpdir(), `vendor-azure-${randomUUID()}`);
  await writeFile(path, text, { mode: 0o600 });
  return { path, [Symbol.asyncDispose]: () => rm(path) };
}
