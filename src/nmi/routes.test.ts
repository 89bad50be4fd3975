import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds, identityNotFound } from "../../test/support/fake-imds.ts";
import { exception, identity, pod } from "../../test/support/make.ts";
import { type NmiNode, nmiNode } from "../../test/support/nmi-node.ts";
import { type Clock, realClock } from "../base/clock.ts";
import type { NmiRequest } from "./ports.ts";
import { route } from "./routes.ts";

const token = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const web = pod("web");
const reader = identity("reader", { spec: { clientID: "c1a0aaaa-1111-4222-8333-444455556666" } });

/** Time that is over as soon as somebody waits for it. */
const hasty: Clock = { ...realClock, sleep: () => Promise.resolve() };

let imds: FakeImds;
beforeEach(async () => {
  imds = await FakeImds.start();
});
afterEach(() => imds[Symbol.asyncDispose]());

type Over = Partial<Omit<NmiRequest, "connection">> & { readonly from?: string };

/** One request of the pod at 10.244.0.2, and its answer with the body as JSON. */
async function ask(node: NmiNode, target: string, over: Over = {}) {
  const { from = "10.244.0.2", ...rest } = over;
  const request = {
    method: "GET",
    target,
    headers: { metadata: "true" },
    body: new Uint8Array(),
    connection: { remoteAddress: from },
    signal: new AbortController().signal,
    ...rest,
  };
  const { status, headers, body } = await route(request, node.ports);
  return { status, headers, body: JSON.parse(Buffer.from(body).toString()) as Record<string, string> };
}

function bound(options: Partial<Parameters<typeof nmiNode>[0]> = {}): NmiNode {
  const node = nmiNode({ imds, ...options });
  node.bind(web, reader);
  return node;
}

describe("a token request", () => {
  it("gets the token of the pod's identity, all values strings, in the original's order", async () => {
    const { status, headers, body } = await ask(bound(), token);
    expect([status, headers["Content-Type"]]).toEqual([200, "application/json"]);
    expect(body).toMatchObject({
      access_token: `token-1-of-${reader.clientId}`,
      refresh_token: "",
      resource: "https://vault.azure.net",
      token_type: "Bearer",
      client_id: reader.clientId,
    });
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
    expect(Object.values(body).every((value) => typeof value === "string")).toBe(true);
    expect(Number(body.expires_in)).toBeGreaterThan(86_000);
  });

  it("is answered from the cache the second time", async () => {
    const node = bound();
    await ask(node, token);
    await ask(node, token);
    expect(imds.tokenRequests).toHaveLength(1);
  });

  it.each([
    { when: "by client ID", query: `&client_id=${reader.clientId.toUpperCase()}` },
    { when: "by resource ID", query: `&msi_res_id=${reader.resourceId.toUpperCase()}` },
    { when: "by the older name of a resource ID", query: `&mi_res_id=${reader.resourceId}` },
  ])("may name the identity $when, in any case", async ({ query }) => {
    expect((await ask(bound(), token + query)).status).toBe(200);
  });

  it.each([
    { when: "no header", over: { headers: {} }, status: 400 },
    { when: "a header in another case", over: { headers: { metadata: "True" } }, status: 400 },
    { when: "a proxy's trace", over: { headers: { metadata: "true", "x-forwarded-for": "1.2.3.4" } }, status: 400 },
    { when: "an upgrade", over: { headers: { metadata: "true", upgrade: "h2c" } }, status: 400 },
    { when: "a body", over: { headers: { metadata: "true", "content-length": "5" } }, status: 400 },
    { when: "no resource", target: "/metadata/identity/oauth2/token", status: 400 },
    { when: "an object ID", target: `${token}&object_id=1`, status: 400 },
    { when: "an unknown address", over: { from: "10.244.0.99" }, status: 503, retryAfter: "2" },
    { when: "an identity of somebody else", target: `${token}&client_id=another`, status: 404 },
  ])("is refused with $status for $when", async ({ target = token, over = {}, status, retryAfter }) => {
    const answer = await ask(bound({ clock: hasty }), target, over);
    expect([answer.status, answer.headers["Retry-After"]]).toEqual([status, retryAfter]);
    expect(imds.requests).toEqual([]);
  });

  it("needs no header where that is switched off", async () => {
    const node = bound({ settings: { metadataHeaderRequired: false } });
    expect((await ask(node, token, { headers: {} })).status).toBe(200);
  });

  it("gets 404 for a pod without a label, and the reason", async () => {
    const node = bound();
    node.pods.put(pod("web", { selector: "" }));
    const { status, body } = await ask(node, token);
    expect([status, body.error]).toEqual([404, "not_found"]);
    expect(body.error_description).toContain("the pod has no label aadpodidbinding");
  });

  it("gets 503 with Retry-After for an identity that is on its way, where the flag says so", async () => {
    const node = nmiNode({ imds, settings: { setRetryAfterHeader: true } });
    node.bind(web, reader, "Created");
    const { status, headers } = await ask(node, token);
    expect([status, headers["Retry-After"]]).toEqual([503, "20"]);
  });

  it("is refused 403 for a service principal, which this version does not serve", async () => {
    const node = nmiNode({ imds });
    node.bind(web, identity("sp", { spec: { type: 1, clientID: "app" } }));
    expect((await ask(node, token)).status).toBe(403);
  });

  it("is refused 403 for an identity that cannot be used, whatever its record says", async () => {
    const node = nmiNode({ imds });
    node.bind(web, identity("odd", { spec: { resourceID: "odd" } }));
    const { status, body } = await ask(node, token);
    expect(status).toBe(403);
    expect(body.error_description).toContain('invalid resource id: "odd"');
  });

  it("carries IMDS's own words when IMDS refuses", async () => {
    imds.failNext({ status: 403, body: { error: "forbidden", error_description: "tenant suspended" } });
    const { status, body } = await ask(bound(), token);
    expect(status).toBe(403);
    expect(body.error_description).toContain("forbidden: tenant suspended");
  });

  it("gets nothing when the pod loses the identity while its token is fetched", async () => {
    const node = bound();
    const release = imds.hold();
    const answer = ask(node, token);
    await expect.poll(() => imds.requests.length).toBe(1);
    node.identities.remove(reader);
    release();
    expect((await answer).status).toBe(404);
  });

  it("gets nothing when the address goes to another pod while its token is fetched", async () => {
    const node = bound();
    const release = imds.hold();
    const answer = ask(node, token);
    await expect.poll(() => imds.requests.length).toBe(1);
    node.pods.put({ ...web, meta: { ...web.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    node.pods.put(pod("other", { selector: "" }));
    release();
    expect((await answer).status).toBe(503);
  });

  it("is refused from the cache as well once the binding is gone", async () => {
    const node = bound();
    await ask(node, token);
    for (const binding of node.bindings.by("selector", "demo")) node.bindings.remove(binding);
    expect((await ask(node, token)).status).toBe(404);
  });

  it("gets IMDS's refusal when the identity is not on the machine and was not assigned just now", async () => {
    let now = 0;
    const node = bound({ clock: { ...hasty, monotonic: () => now } });
    now = 200_000;
    imds.failNext(identityNotFound);
    const { status, body } = await ask(node, token);
    expect(status).toBe(403);
    expect(body.error_description).toContain("Identity not found");
  });

  it("never puts a token into the log", async () => {
    const node = bound();
    await ask(node, token);
    expect(node.lines.join("")).not.toContain("token-1");
    expect(node.lines.join("")).not.toContain(reader.clientId);
  });
});

describe("an excepted pod", () => {
  it("has its token request passed on untouched, whatever it asks for", async () => {
    const node = nmiNode({ imds });
    node.pods.put(pod("mic", { labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    imds.put("anything");
    const target = `${token}&client_id=anything&object_id=`;
    const { status, body } = await ask(node, target, { headers: { metadata: "true", "user-agent": "x", cookie: "y" } });
    expect([status, body.client_id, body.ext_expires_in]).toEqual([200, "anything", "86400"]);
    expect(imds.requests).toMatchObject([{ target, headers: { "user-agent": "x" } }]);
    expect(imds.requests[0]?.headers).not.toHaveProperty("cookie");
    expect(node.lines.join("")).toContain("exception pod default/mic token handling");
  });

  it("may ask other identity paths and use other methods, which nobody else may", async () => {
    const node = nmiNode({ imds });
    node.pods.put(pod("mic", { labels: { component: "mic" } }));
    expect((await ask(node, "/metadata/identity/info")).status).toBe(404);
    expect((await ask(node, "/metadata/scheduledevents", { method: "POST" })).status).toBe(405);
    expect(imds.requests).toEqual([]);
    node.exceptions.push(exception("mic", { component: "mic" }));
    await ask(node, "/metadata/identity/info");
    await ask(node, "/metadata/scheduledevents", { method: "POST", body: Buffer.from("{}") });
    expect(imds.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });
});

it("token requests that are passed on take turns with NMI's own", async () => {
  const node = nmiNode({ imds });
  node.pods.put(pod("mic", { labels: { component: "mic" } }));
  node.exceptions.push(exception("mic", { component: "mic" }));
  imds.put("anything");
  const release = imds.hold();
  const all = Array.from({ length: 6 }, () => ask(node, `${token}&client_id=anything`));
  await expect.poll(() => imds.requests.length).toBe(4);
  release();
  await Promise.all(all);
  expect(imds.mostAtOnce).toBe(4);
});

describe("instance metadata", () => {
  it("is passed on with the headers that IMDS knows, for any pod", async () => {
    const headers = { metadata: "true", accept: "application/json", authorization: "secret", connection: "keep-alive" };
    const { status, body } = await ask(nmiNode({ imds }), "/Metadata/instance?api-version=2021-02-01", { headers });
    expect([status, body]).toEqual([200, { compute: { name: "node-0" } }]);
    expect(imds.requests).toMatchObject([
      {
        target: "/metadata/instance?api-version=2021-02-01",
        headers: { metadata: "true", accept: "application/json" },
      },
    ]);
    expect(imds.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  it("comes with IMDS's own status and body", async () => {
    imds.failNext({ status: 400, body: { error: "Bad request. api-version is invalid" } });
    const answer = await ask(nmiNode({ imds }), "/metadata/instance");
    expect([answer.status, answer.body]).toEqual([400, { error: "Bad request. api-version is invalid" }]);
  });

  it.each([
    { when: "no header", over: { headers: {} }, status: 400 },
    { when: "a proxy's trace", over: { headers: { metadata: "true", "x-forwarded-for": "" } }, status: 400 },
    { when: "another method", over: { method: "PUT" }, status: 405 },
    { when: "a path that is not on the list", target: "/doesnotexist", status: 404 },
    { when: "a backslash", target: "/metadata/identity\\oauth2/token", status: 400 },
  ])("is refused with $status for $when", async ({ target = "/metadata/instance", over = {}, status }) => {
    const node = nmiNode({ imds });
    node.pods.put(web);
    expect((await ask(node, target, over)).status).toBe(status);
    expect(imds.requests).toEqual([]);
  });

  it("can be blocked, in every spelling", async () => {
    const node = nmiNode({ imds, settings: { blockInstanceMetadata: true } });
    for (const target of ["/metadata/instance", "/Metadata/INSTANCE/compute", "/metadata/x/../%69nstance"]) {
      const { status, body } = await ask(node, target);
      expect([status, body.error_description]).toEqual([403, "Request blocked by AAD Pod Identity NMI"]);
    }
    expect((await ask(node, "/metadata/versions")).status).toBe(404); // passed on: the stand-in has none
    expect(imds.requests).toHaveLength(1);
  });

  it("is answered 503 while IMDS does not answer", async () => {
    imds.failNext("hangUp");
    const { status, headers } = await ask(nmiNode({ imds }), "/metadata/instance");
    expect([status, headers["Retry-After"]]).toEqual([503, "5"]);
  });
});

describe("log and metrics", () => {
  it("tell of each token request in the words that people search for", async () => {
    const node = bound();
    await ask(node, token);
    const messages = node.lines.map((line) => line.slice(line.indexOf("] ") + 2).trim());
    expect(messages).toEqual([
      "no clientID or resourceID in request. default/web has been matched with azure identity default/reader",
      'matched identityType:0 clientid:c1a0##### REDACTED #####6666 resource:https://vault.azure.net decision="granted" ' +
        'pod="default/web" uid="uid-of-web" identity="default/reader" remote="10.244.0.2"',
      expect.stringMatching(
        /^status \(200\) took \d+ ns for req\.method=GET reg\.path=\/metadata\/identity\/oauth2\/token req\.remote=10\.244\.0\.2$/,
      ),
    ]);
    const { body } = await node.metrics.expose();
    expect(body).toContain(
      'aadpodidentity_nmi_operations_duration_seconds_count{operation_type="/metadata/identity/oauth2/token",' +
        'status_code="200",namespace="default",resource="https://vault.azure.net"} 1',
    );
    expect(body).toContain(
      'aadpodidentity_imds_operations_duration_seconds_count{operation_type="adal_token_msi_userassignedid"} 1',
    );
  });

  it("cannot be made to forge a line or to grow without bound", async () => {
    const node = bound();
    for (let i = 0; i < 60; i += 1)
      await ask(node, `/metadata/identity/oauth2/token?resource=r${i}%0aE0101&client_id=x`);
    expect(node.lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
    const { body } = await node.metrics.expose();
    const resources = new Set([...body.matchAll(/resource="([^"]*)"/g)].map(([, resource]) => resource));
    expect(resources.size).toBe(51);
    expect(resources).toContain("other");
  });

  it("tell why a request was refused", async () => {
    const node = bound();
    await ask(node, `${token}&client_id=another`);
    expect(node.lines[0]).toContain(
      'token refused decision="refused" resource="https://vault.azure.net" pod="default/web"',
    );
    expect(node.lines[0]).toContain('code="IDENTITY_NOT_BOUND"');
  });
});
