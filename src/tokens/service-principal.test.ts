import { beforeEach, describe, expect, it } from "vitest";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { type KubeSecret, readSecret, secretVersion } from "../api/secret.ts";
import { knownAuthorities } from "../azure/clouds.ts";
import { Fault } from "../base/fault.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { secretProver } from "./principal-proof.ts";
import { servicePrincipalBackend } from "./service-principal.ts";

const never = new AbortController().signal;
type Asked = { readonly url: string; readonly form: Readonly<Record<string, string>> };

let clock: FakeClock;
/** The Secret of `default/sp`; nothing when it is deleted. */
let secret: KubeSecret | undefined;
let asked: Asked[];
let calls: (string | undefined)[];
/** What Entra ID does with each request, in turn; then it gives tokens. */
let next: (() => HttpAnswer | Promise<HttpAnswer>)[];

beforeEach(() => {
  clock = new FakeClock();
  secret = secretOf("hush", "1");
  [asked, calls, next] = [[], [], []];
});

function secretOf(value: string, resourceVersion: string): KubeSecret {
  const data = { clientSecret: Buffer.from(value).toString("base64") };
  return readSecret({ metadata: { name: "sp", namespace: "default", uid: "u", resourceVersion }, data });
}

const answer = (status: number, json: object, headers = {}): HttpAnswer => ({
  status,
  headers,
  body: Buffer.from(JSON.stringify(json)),
});

function backend({ isSecretAnywhere = false } = {}) {
  const read = async () => secret ?? Promise.reject(new Fault("SECRET_MISSING", "gone"));
  return servicePrincipalBackend({
    secrets: { read, version: async () => secretVersion(await read()) },
    client: {
      async post(url, form, signal) {
        asked.push({ url: url.href, form: Object.fromEntries(form) });
        signal.throwIfAborted();
        const expires_on = clock.now() / 1000 + 3600;
        return (await next.shift()?.()) ?? answer(200, { access_token: `token-${asked.length}`, expires_on });
      },
    },
    readProver: secretProver,
    authorities: knownAuthorities,
    isSecretAnywhere,
    clock,
    onCall: (_seconds, fault) => calls.push(fault?.code),
  });
}

const clientPassword = { name: "sp", namespace: "default" };
const sp = (spec: object = {}) =>
  identity("sp", { spec: { type: 1, clientID: "app", tenantID: "t-1", clientPassword, ...spec } });
const request = (spec: object = {}, resource = "https://vault.azure.net") => ({
  podUid: "uid",
  identity: sp(spec),
  resource,
  isJustAssigned: false,
});
const fetchToken = (spec: object = {}, signal = never) => backend().fetch(request(spec), signal);
const STEP_MS = 500;
const patiently = <T>(result: Promise<T>) => clock.passUntil(result, STEP_MS);

describe("a request to Entra ID", () => {
  it("is the original's form at the tenant's endpoint of the first generation", async () => {
    const token = await fetchToken();
    expect(token.accessToken.reveal()).toBe("token-1");
    expect(token).toMatchObject({ resource: "https://vault.azure.net", clientId: "app" });
    expect(asked).toEqual([
      {
        url: "https://login.microsoftonline.com/t-1/oauth2/token?api-version=1.0",
        form: {
          client_id: "app",
          grant_type: "client_credentials",
          resource: "https://vault.azure.net",
          client_secret: "hush",
        },
      },
    ]);
    expect(calls).toEqual([undefined]);
  });

  it("is sent for each tenant, the identity's own first", async () => {
    const token = await fetchToken({ auxiliaryTenantIDs: ["t-2", "t-3"] });
    expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(
      ["t-1", "t-2", "t-3"].map((tenant) => `/${tenant}/oauth2/token`),
    );
    expect(token.auxiliary?.map(({ accessToken }) => accessToken.reveal())).toEqual(["token-2", "token-3"]);
  });

  it("of an auxiliary tenant that is refused refuses the whole", async () => {
    next = [() => answer(200, { access_token: "a", expires_in: 3600 }), () => answer(401, { error: "invalid_client" })];
    await expect(fetchToken({ auxiliaryTenantIDs: ["t-2"] })).rejects.toMatchObject({ code: "ENTRA_REFUSED" });
  });

  it.each([
    { when: "four auxiliary tenants", spec: { auxiliaryTenantIDs: ["a", "b", "c", "d"] }, code: "OBJECT_INVALID" },
    { when: "no tenant", spec: { tenantID: "" }, code: "OBJECT_INVALID" },
    { when: "an http authority", spec: { adEndpoint: "http://login.microsoftonline.com" }, code: "OBJECT_INVALID" },
    { when: "a foreign authority", spec: { adEndpoint: "https://evil.example" }, code: "IDENTITY_DENIED" },
    { when: "no Secret", spec: { clientPassword: {} }, code: "OBJECT_INVALID" },
    { when: "a Secret with a path in its name", spec: { clientPassword: { name: "../x" } }, code: "OBJECT_INVALID" },
    {
      when: "another namespace's Secret",
      spec: { clientPassword: { name: "sp", namespace: "other" } },
      code: "IDENTITY_DENIED",
    },
  ])("is never sent with $when", async ({ spec, code }) => {
    await expect(fetchToken(spec)).rejects.toMatchObject({ code });
    expect(asked).toEqual([]);
  });

  it("may use another namespace's Secret where that is allowed, and takes none for the identity's own", async () => {
    const elsewhere = request({ clientPassword: { name: "sp", namespace: "other" } });
    expect((await backend({ isSecretAnywhere: true }).fetch(elsewhere, never)).accessToken.reveal()).toBe("token-1");
    await fetchToken({ clientPassword: { name: "sp" } });
    expect(asked.length).toBe(2);
  });
});

describe("trouble", () => {
  const passing = [500, 503, 408, 429].map((status) => () => answer(status, {}));

  it("that passes is tried again", async () => {
    next = [...passing];
    expect((await patiently(fetchToken())).accessToken.reveal()).toBe("token-5");
    expect(calls).toEqual(["ENTRA_ERROR", "ENTRA_ERROR", "ENTRA_ERROR", "ENTRA_THROTTLED", undefined]);
  });

  it("that stays is told within the client's patience", async () => {
    next = new Array(100).fill(() => answer(500, {}));
    const start = clock.monotonic();
    await expect(patiently(fetchToken())).rejects.toMatchObject({ code: "ENTRA_ERROR" });
    expect(clock.monotonic() - start).toBeLessThanOrEqual(25_000 + STEP_MS); // the step in which it is told
    expect(asked.length).toBeGreaterThan(3);
  });

  it("with a longer pause than the client waits is told at once", async () => {
    next = [() => answer(429, {}, { "retry-after": "60" })];
    await expect(fetchToken()).rejects.toMatchObject({ code: "ENTRA_THROTTLED", retryAfterMs: 60_000 });
  });

  it("is no reason to ask again once Entra ID has refused", async () => {
    next = [() => answer(401, { error: "invalid_client", error_description: "AADSTS7000215: hush is wrong" })];
    const fault = await fetchToken().catch((reason: Fault) => reason);
    expect(fault).toMatchObject({ code: "ENTRA_REFUSED" });
    expect(String(fault)).toMatch(/AADSTS7000215: \[redacted\] is wrong/);
    expect(asked.length).toBe(1);
  });

  it("ends with the client that leaves", async () => {
    const leaving = new AbortController();
    next = [() => answer(500, {})];
    const result = fetchToken({}, leaving.signal);
    await clock.asleep();
    leaving.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    expect(asked.length).toBe(1);
  });
});

describe("a Secret that changes while Entra ID is asked", () => {
  const changingTo = (after: KubeSecret | undefined) => () => {
    secret = after;
    return answer(200, { access_token: "of-the-one-before", expires_in: 3600 });
  };

  it("counts at once", async () => {
    next = [changingTo(secretOf("new", "2"))];
    expect((await fetchToken()).accessToken.reveal()).toBe("token-2");
    expect(asked.map(({ form }) => form.client_secret)).toEqual(["hush", "new"]);
  });

  it("gives nothing when it went", async () => {
    next = [changingTo(undefined)];
    await expect(fetchToken()).rejects.toMatchObject({ code: "SECRET_MISSING" });
  });

  it("is not followed for ever", async () => {
    next = ["2", "3", "4", "5"].map((version) => changingTo(secretOf("hush", version)));
    await expect(fetchToken()).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
  });
});

describe("the key of a token", () => {
  const { key, identityKey, version } = backend();

  it.each([
    { resource: "https://other" },
    { tenantID: "t-2" },
    { adEndpoint: "https://login.microsoftonline.us/" },
    { auxiliaryTenantIDs: ["t-2"] },
  ])("tells $resource$tenantID$adEndpoint$auxiliaryTenantIDs apart", ({ resource, ...spec }) => {
    expect(key(request(spec, resource))).not.toBe(key(request()));
    expect(key(request(spec, resource)).startsWith(`${identityKey(sp())}\n`)).toBe(true);
  });

  it("tells objects and their generations apart", () => {
    const other = (meta: object) => ({ ...request(), identity: { ...sp(), meta: { ...sp().meta, ...meta } } });
    expect(new Set([{}, { uid: "x" }, { generation: 7 }, { name: "x" }].map((meta) => key(other(meta)))).size).toBe(4);
  });

  it("has the version of the Secret", async () => {
    expect(await version?.(request(), never)).toBe("u 1");
  });
});
