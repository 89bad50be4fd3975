import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PrincipalWorld, principalWorld } from "../support/azure/principal-world.ts";
import { eventually } from "../support/time/eventually.ts";

const folder = join(import.meta.dirname, "../support/certificates");
const file = (name: string) => readFileSync(join(folder, name));
const certificateOf = (name: string) => /-----BEGIN CERT[\s\S]*?-----END CERT[^\n]*\n/.exec(file(name).toString())?.[0];
const registered = ["rsa.pem", "ec.pem"].map((name) => certificateOf(name) ?? "");
const vault = "https://vault.azure.net";

let cluster: PrincipalWorld;
beforeAll(async () => {
  cluster = await principalWorld();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** A service principal that Entra ID knows, its AzureIdentity of that name, and a pod with it. */
async function principal(
  name: string,
  data: Readonly<Record<string, string | Buffer>> | "its secret",
  over: object = {},
) {
  const { azure, entra, bind, putSecret } = cluster;
  const application = azure.createServicePrincipal({ certificates: registered });
  await putSecret(name, data === "its secret" ? { clientSecret: application.secret } : data);
  const address = await bind(name, {
    type: 1,
    clientID: application.clientId,
    tenantID: application.tenant,
    clientPassword: { name, namespace: "default" },
    adEndpoint: `${entra}/`,
    ...over,
  });
  const claims = (token = "") => azure.key.verified(token);
  return { ...application, address, claims, calls: () => azure.traffic.calls("entra.token") };
}

describe("tokens of service principals", () => {
  it("come from Entra ID with a client secret, once as long as they live", async () => {
    const app = await principal("secret", "its secret");
    const { status, body } = await cluster.ask(app.address);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "access_token",
      "refresh_token",
      "expires_in",
      "expires_on",
      "not_before",
      "resource",
      "token_type",
      "client_id",
    ]);
    expect(body).toMatchObject({ resource: vault, token_type: "Bearer", client_id: app.clientId });
    expect(app.claims(body.access_token)).toMatchObject({ appid: app.clientId, aud: vault, tid: app.tenant });
    const calls = app.calls();
    expect((await cluster.ask(app.address)).body.access_token).toBe(body.access_token);
    expect(app.calls()).toBe(calls);
    await cluster.nmi.says(
      `matched identityType:1 adendpoint:${cluster.entra}/ tenantid:${app.tenant} auxiliaryTenantIDs:[] clientid:${app.clientId.slice(0, 4)}##### REDACTED #####`,
    );
    expect(cluster.nmi.output()).not.toContain(app.secret);
    expect(cluster.nmi.output()).not.toContain(body.access_token);
  });

  it.each([
    { name: "pfx", data: { certificate: file("rsa.pfx"), password: "hush-p" } },
    { name: "pfx-no-password", data: { certificate: file("rsa-no-password.pfx") } },
    { name: "pem-rsa", data: { certificate: file("rsa.pem") } },
    { name: "pem-rsa-encrypted", data: { certificate: file("rsa-encrypted.pem"), password: "hush-p" } },
    { name: "pem-ec", data: { certificate: file("ec.pem") } },
    { name: "pfx-ec", data: { certificate: file("ec.pfx"), password: "hush-p" } },
  ])("come with a certificate: $name", async ({ name, data }) => {
    const app = await principal(name, data, { type: 2 });
    const { status, body } = await cluster.ask(app.address);
    expect([status, body.error_description]).toEqual([200, undefined]);
    expect(app.claims(body.access_token)).toMatchObject({ appid: app.clientId, aud: vault });
  });

  it("do not come with a certificate that would keep NMI from all others while it is unlocked", async () => {
    const app = await principal("slow-pfx", { certificate: file("rsa-slow.pfx"), password: "hush-p" }, { type: 2 });
    const { status, body } = await cluster.ask(app.address);
    expect([status, body.error_description]).toEqual([
      403,
      "Secret default/slow-pfx takes too long to unlock: protect it with at most 200000 iterations",
    ]);
  });

  it("of auxiliary tenants stand in a list behind the identity's own, with secret and certificate", async () => {
    for (const type of [1, 2]) {
      const clientId = `0b1f2c3d-0000-4222-8333-44445555666${type}`;
      const shared = { clientId, secret: "hush-shared", certificates: registered };
      const tenants = ["own", "first", "second"].map((name) => `${name}-${type}.onmicrosoft.com`);
      for (const tenant of tenants) cluster.azure.createServicePrincipal({ ...shared, tenant });
      const name = `auxiliary-${type}`;
      const [tenantID, ...auxiliaryTenantIDs] = tenants;
      const data = type === 1 ? { any: shared.secret } : { certificate: file("rsa.pem") };
      const app = await principal(name, data, { type, clientID: clientId, tenantID, auxiliaryTenantIDs });
      const { status, text } = await cluster.ask(app.address);
      expect(status).toBe(200);
      const tokens = JSON.parse(text) as readonly { readonly access_token: string }[];
      expect(tokens.map((one) => app.claims(one.access_token)?.tid)).toEqual(tenants);
    }
  });
});

describe("the Secret counts as it is now", () => {
  it("a wrong one is refused with Entra ID's words, and a corrected one serves", async () => {
    const app = await principal("wrong", { clientSecret: "hush-wrong-secret" });
    const { status, body, retryAfter } = await cluster.ask(app.address);
    expect([status, retryAfter, body.error]).toEqual([403, undefined, "access_denied"]);
    expect(body.error_description).toMatch(
      /^Refresh request failed\. Status Code = '401'\. Response: invalid_client: AADSTS7000215: Invalid client secret provided\./,
    );
    await cluster.putSecret("wrong", { clientSecret: app.secret });
    await eventually(async () => (await cluster.ask(app.address)).status).toBe(200);
    expect(cluster.nmi.output()).not.toContain("hush-wrong-secret");
  });

  it("a changed one is used at once, whatever token is at hand", async () => {
    const app = await principal("rotated", "its secret");
    expect((await cluster.ask(app.address)).status).toBe(200);
    await cluster.putSecret("rotated", { clientSecret: "hush-not-yet-known" });
    await eventually(async () => (await cluster.ask(app.address)).status).toBe(403);
    await cluster.putSecret("rotated", { clientSecret: app.secret });
    await eventually(async () => (await cluster.ask(app.address)).status).toBe(200);
  });

  it("no token comes any more when it is deleted, and a new one when it is back", async () => {
    const app = await principal("deleted", "its secret");
    const first = await cluster.ask(app.address);
    await cluster.kube.call("DELETE", "/api/v1/namespaces/default/secrets/deleted");
    await eventually(async () => (await cluster.ask(app.address)).status).toBe(403);
    expect((await cluster.ask(app.address)).body.error_description).toBe(
      "failed to get Kubernetes secret default/deleted: there is none, create it or correct spec.clientPassword",
    );
    expect(await cluster.metrics()).toMatch(
      /kubernetes_api_operations_errors_count\{operation_type="get_secret"\} [1-9]/,
    );
    await cluster.putSecret("deleted", { clientSecret: app.secret });
    await eventually(async () => (await cluster.ask(app.address)).status).toBe(200);
    expect((await cluster.ask(app.address)).body.access_token).not.toBe(first.body.access_token);
  });

  it("one that NMI may not read is told with what to grant", async () => {
    const app = await principal("forbidden", "its secret");
    cluster.api.failNext(
      { resource: "secrets", name: "forbidden" },
      { code: 403, message: 'User "nmi" cannot get' },
      1,
    );
    const { status, body } = await cluster.ask(app.address);
    expect([status, body.error_description]).toEqual([
      403,
      'failed to get Kubernetes secret default/forbidden: NMI may not read it, grant "get" on secrets in namespace default to NMI\'s account',
    ]);
  });

  it("a client secret under another key is taken only if it is the only one", async () => {
    const only = await principal("only", "its secret");
    await cluster.kube.call("DELETE", "/api/v1/namespaces/default/secrets/only");
    await cluster.putSecret("only", { "key-1": only.secret });
    await eventually(async () => (await cluster.ask(only.address)).status).toBe(200);
    const several = await principal("several", { a: "hush-a", b: "hush-b" });
    expect(await cluster.ask(several.address)).toMatchObject({
      status: 403,
      body: {
        error_description:
          "Secret default/several has several keys and none of the name: put the client secret under the key clientSecret",
      },
    });
  });
});

describe("trouble at Entra ID", () => {
  it("that passes is not told", async () => {
    const app = await principal("passing", "its secret");
    const { traffic } = cluster.azure;
    traffic.failNext("entra.token", { status: 500, code: "server_error", message: "hiccup" });
    traffic.failNext("entra.token", "connection closed");
    traffic.failNext("entra.token", { status: 429, code: "90055", message: "slow down", retryAfterSeconds: 1 });
    const calls = app.calls();
    expect((await cluster.ask(app.address)).status).toBe(200);
    expect(app.calls() - calls).toBe(4);
    const metrics = await cluster.metrics();
    expect(metrics).toMatch(/imds_operations_errors_count\{operation_type="adal_token"\} [3-9]/);
    expect(metrics).toMatch(/imds_operations_duration_seconds_count\{operation_type="adal_token"\} [1-9]/);
  });

  it("that makes it slow costs one call, however many ask", async () => {
    const app = await principal("slow", "its secret");
    cluster.azure.traffic.delay("entra.token", 300);
    const calls = app.calls();
    const replies = await Promise.all([1, 2, 3, 4].map(() => cluster.ask(app.address)));
    cluster.azure.traffic.delay("entra.token", 0);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(app.calls() - calls).toBe(1);
  });

  it("that asks for a longer pause than a client waits is passed on", async () => {
    const app = await principal("throttled", "its secret");
    const failure = { status: 429, code: "90055", message: "slow down", retryAfterSeconds: 60 };
    cluster.azure.traffic.failNext("entra.token", failure);
    expect(await cluster.ask(app.address)).toMatchObject({ status: 429, retryAfter: "20" });
  });

  it("ends with the client that leaves", async () => {
    const app = await principal("left", "its secret");
    const leaving = new AbortController();
    const failure = { status: 503, code: "server_error", message: "down", retryAfterSeconds: 1 };
    cluster.azure.traffic.failNext("entra.token", failure);
    const calls = app.calls();
    const left = cluster.ask(app.address, vault, leaving.signal);
    await eventually(async () => app.calls()).toBe(calls + 1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await cluster.nmi.says(/CANCELLED/);
    expect((await cluster.ask(app.address)).status).toBe(200);
    expect(app.calls()).toBe(calls + 2);
  });
});

describe("what an AzureIdentity may not do", () => {
  it.each([
    {
      name: "http",
      over: { adEndpoint: "http://127.0.0.1:9/" },
      says: /^AzureIdentity default\/http cannot be used: spec\.adEndpoint does not begin with https:\/\/: /,
    },
    {
      name: "foreign",
      over: { adEndpoint: "https://login.evil.example/" },
      says: /^AzureIdentity default\/foreign names the authority https:\/\/login\.evil\.example\/, which is no known cloud's: /,
    },
    {
      name: "four",
      over: { auxiliaryTenantIDs: ["a", "b", "c", "d"] },
      says: /must specify one to three auxiliary tenants/,
    },
    {
      name: "elsewhere",
      over: { clientPassword: { name: "prey", namespace: "other" } },
      says: /^AzureIdentity default\/elsewhere may not use Secret other\/prey of another namespace: /,
    },
  ])("$name", async ({ name, over, says }) => {
    await cluster.putSecret("prey", { clientSecret: "hush-prey" }, "other");
    const app = await principal(name, "its secret", over);
    const { status, body } = await cluster.ask(app.address);
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(body.error_description).toMatch(says);
    expect(cluster.nmi.output()).not.toContain("hush-prey");
  });

  it("a pod of another namespace hears no names", async () => {
    const address = await cluster.bind(
      "shy",
      { type: 1, clientID: "c", tenantID: "t", clientPassword: { name: "nothing", namespace: "other" } },
      "other",
    );
    const { status, body } = await cluster.ask(address);
    expect([status, body.error_description]).toEqual([
      403,
      "the AzureIdentity of another namespace cannot be used: the log of NMI says why",
    ]);
    await cluster.nmi.says("failed to get Kubernetes secret other/nothing");
  });
});

it("a Secret of another namespace counts where an administrator allows it", async () => {
  await using lax = await principalWorld(["--allow-cross-namespace-secrets"]);
  const { tenant, clientId, secret } = lax.azure.createServicePrincipal();
  await lax.putSecret("sp", { clientSecret: secret }, "other");
  const spec = { type: 1, clientID: clientId, tenantID: tenant, adEndpoint: lax.entra };
  const address = await lax.bind("lax", { ...spec, clientPassword: { name: "sp", namespace: "other" } });
  expect((await lax.ask(address)).status).toBe(200);
});

it("while the API server is away tokens at hand are served, and others are to be asked for later", async () => {
  await using world = await principalWorld();
  const { tenant, clientId, secret } = world.azure.createServicePrincipal();
  await world.putSecret("away", { clientSecret: secret });
  const spec = { type: 1, clientID: clientId, tenantID: tenant, adEndpoint: world.entra };
  const address = await world.bind("away", { ...spec, clientPassword: { name: "away", namespace: "default" } });
  const first = await world.ask(address);
  expect(first.status).toBe(200);
  await world.proxy[Symbol.asyncDispose]();
  let asked = 0;
  await eventually(() => world.ask(address, `https://resource-${++asked}.example`)).toMatchObject({
    status: 503,
    retryAfter: "5",
    body: { error_description: "failed to get Kubernetes secret default/away: the API server is away" },
  });
  expect((await world.ask(address)).body.access_token).toBe(first.body.access_token);
});
