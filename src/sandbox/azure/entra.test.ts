import { createPublicKey, verify, type webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { startEntra } from "./entra.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld } from "./world.ts";

const key = await SigningKey.generate();
const TENANT = "11111111-2222-3333-4444-555555555555";
const RESOURCE = "https://vault.azure.net";

type Json = Readonly<Record<string, unknown>>;

async function start() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const world = await createWorld({ clock, key, tenant: TENANT });
  const principal = world.createServicePrincipal({ clientId: "client", secret: "right" });
  const entra = await startEntra({ world });
  const get = async (path: string) => (await (await fetch(`${entra.url}${path}`)).json()) as Json;
  const post = async (path: string, form: Record<string, string>) => {
    const response = await fetch(`${entra.url}${path}`, { method: "POST", body: new URLSearchParams(form) });
    return { status: response.status, json: (await response.json()) as Json };
  };
  return { world, principal, entra, get, post, [Symbol.asyncDispose]: () => entra[Symbol.asyncDispose]() };
}

const secret = { grant_type: "client_credentials", client_id: "client", client_secret: "right" };
const v1 = `/${TENANT}/oauth2/token`;
const v2 = `/${TENANT}/oauth2/v2.0/token`;

/** The claims of a token, by nothing but the published keys. */
async function claimsOf(token: string, keysUrl: string): Promise<Record<string, unknown>> {
  const parts = token.split(".");
  const [header = {}, claims = {}] = parts
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  const { keys } = (await (await fetch(keysUrl)).json()) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
  const jwk = keys.find(({ kid }) => kid === header.kid);
  if (jwk === undefined) throw new Error(`no published key is ${header.kid}`);
  const signature = Buffer.from(parts[2] ?? "", "base64url");
  const content = Buffer.from(`${parts[0]}.${parts[1]}`);
  expect(verify("sha256", content, createPublicKey({ key: jwk, format: "jwk" }), signature)).toBe(true);
  return claims;
}

describe("the token endpoint", () => {
  it("gives a token for a scope, as of version 2.0", async () => {
    await using entra = await start();
    const { status, json } = await entra.post(v2, { ...secret, scope: `${RESOURCE}/.default` });

    expect(status).toBe(200);
    expect(json).toEqual({
      token_type: "Bearer",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: expect.any(String),
    });
    const document = await entra.get(`/${TENANT}/v2.0/.well-known/openid-configuration`);
    const now = Date.UTC(2026, 0, 1) / 1000;
    expect(await claimsOf(String(json.access_token), String(document.jwks_uri))).toMatchObject({
      aud: RESOURCE,
      iss: `https://sts.windows.net/${TENANT}/`,
      tid: TENANT,
      appid: "client",
      oid: entra.principal.principalId,
      iat: now - 300,
      nbf: now - 300,
      exp: now + 3599,
      ver: "1.0",
    });
  });

  it.each([
    { when: "as the SDK of Go asks", scope: `${RESOURCE}/.default openid offline_access profile`, status: 200 },
    { when: "of two resources", scope: `${RESOURCE}/.default https://management.azure.com/.default`, status: 400 },
    { when: "of none", scope: "openid profile", status: 400 },
  ])("answers $status to scopes $when", async ({ scope, status }) => {
    await using entra = await start();
    expect(await entra.post(v2, { ...secret, scope })).toMatchObject({ status });
  });

  it("gives a token for a resource, as of version 1, with text for numbers", async () => {
    await using entra = await start();
    const { json } = await entra.post(v1, { ...secret, resource: `${RESOURCE}/` });

    const now = Date.UTC(2026, 0, 1) / 1000;
    expect(json).toEqual({
      token_type: "Bearer",
      expires_in: "3599",
      ext_expires_in: "3599",
      expires_on: String(now + 3599),
      not_before: String(now - 300),
      resource: `${RESOURCE}/`,
      access_token: expect.any(String),
    });
    const document = await entra.get(`/${TENANT}/.well-known/openid-configuration`);
    const claims = await claimsOf(String(json.access_token), String(document.jwks_uri));
    expect(claims).toMatchObject({ aud: `${RESOURCE}/`, iss: document.issuer });
  });

  it.each([
    {
      when: "the secret is wrong",
      form: { client_secret: "wrong" },
      status: 401,
      number: 7000215,
      error: "invalid_client",
    },
    {
      when: "the secret is missing",
      form: { client_secret: "" },
      status: 401,
      number: 7000218,
      error: "invalid_client",
    },
    { when: "nobody is named", form: { client_id: "" }, status: 400, number: 900144, error: "invalid_request" },
    {
      when: "the application is unknown",
      form: { client_id: "x" },
      status: 400,
      number: 700016,
      error: "unauthorized_client",
    },
    {
      when: "the tenant is unknown",
      path: "/other/oauth2/v2.0/token",
      status: 400,
      number: 90002,
      error: "invalid_request",
    },
    {
      when: "the scope is no .default",
      form: { scope: RESOURCE },
      status: 400,
      number: 1002012,
      error: "invalid_scope",
    },
    {
      when: "a resource is asked for at v2.0",
      form: { scope: "", resource: RESOURCE },
      status: 400,
      number: 900144,
      error: "invalid_request",
    },
    {
      when: "the grant is another",
      form: { grant_type: "password" },
      status: 400,
      number: 70003,
      error: "unsupported_grant_type",
    },
  ])("refuses in Entra's form when $when", async ({ path = v2, form, status, number, error }) => {
    await using entra = await start();
    const answer = await entra.post(path, { ...secret, scope: `${RESOURCE}/.default`, ...form });

    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      error,
      error_description: expect.stringMatching(
        new RegExp(`^AADSTS${number}: .* Trace ID: .* Correlation ID: .* Timestamp: 2026-01-01 00:00:00Z$`),
      ),
      error_codes: [number],
      timestamp: "2026-01-01 00:00:00Z",
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    });
    expect(JSON.stringify(answer.json)).not.toContain("right");
  });

  it("takes client ID and secret from a header, too", async () => {
    await using entra = await start();
    const body = new URLSearchParams({ grant_type: "client_credentials", scope: `${RESOURCE}/.default` });
    const ask = (user: string) => {
      const authorization = `Basic ${Buffer.from(user).toString("base64")}`;
      return fetch(`${entra.entra.url}${v2}`, { method: "POST", headers: { authorization }, body });
    };
    expect((await ask("client:right")).status).toBe(200);
    expect(await (await ask("client:wrong")).json()).toMatchObject({ error_codes: [7000215] });
  });

  it("gives an identity of a machine no token for a secret", async () => {
    await using entra = await start();
    const { clientId } = entra.world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const form = { ...secret, client_id: clientId, scope: `${RESOURCE}/.default` };
    expect((await entra.post(v2, form)).json.error_codes).toEqual([7000215]);
  });

  it("has to be posted to, in the name of one tenant", async () => {
    await using entra = await start();
    expect(await entra.get(v2)).toMatchObject({ error: "invalid_request", error_codes: [900561] });
    const { json } = await entra.post("/common/oauth2/v2.0/token", { ...secret, scope: `${RESOURCE}/.default` });
    expect(json.error_codes).toEqual([50059]);
  });

  it("knows the tenants that service principals were made in, and their applications only there", async () => {
    await using entra = await start();
    entra.world.createServicePrincipal({ tenant: "second", clientId: "guest", secret: "right" });
    const form = { ...secret, client_id: "guest", scope: `${RESOURCE}/.default` };

    expect((await entra.post("/second/oauth2/v2.0/token", form)).status).toBe(200);
    expect((await entra.post(v2, form)).json.error_codes).toEqual([700016]);
  });
});

describe("discovery", () => {
  it("names addresses under which the emulator was asked", async () => {
    await using entra = await start();
    const document = await entra.get(`/${TENANT}/v2.0/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      issuer: `${entra.entra.url}/${TENANT}/v2.0`,
      token_endpoint: `${entra.entra.url}${v2}`,
    });

    const common = await entra.get("/common/v2.0/.well-known/openid-configuration");
    expect(common.issuer).toBe(`${entra.entra.url}/{tenantid}/v2.0`);
    const host = new URL(entra.entra.url).host;
    const instances = await entra.get("/common/discovery/instance?api-version=1.1");
    expect(instances.metadata).toEqual([{ preferred_network: host, preferred_cache: host, aliases: [host] }]);
  });

  it("refuses a tenant that it does not have, and paths that it does not know", async () => {
    await using entra = await start();
    expect(await entra.get("/other/v2.0/.well-known/openid-configuration")).toMatchObject({ error_codes: [90002] });
    expect(await entra.get("/nothing")).toMatchObject({
      error: "not_found",
      error_description: expect.stringContaining("does not know GET /nothing"),
    });
  });
});
