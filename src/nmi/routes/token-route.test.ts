import { describe, expect, it } from "vitest";
import { identityNotFound } from "../../../test/support/azure/fake-imds.ts";
import { boundNmi, reader, tokenPath, web } from "../../../test/support/bound-nmi.ts";
import { identity, pod } from "../../../test/support/make.ts";
import { ask, nmiNode } from "../../../test/support/nmi/node.ts";
import { type Clock, realClock } from "../../base/clock.ts";

const { imds, bound } = boundNmi();

/** Time that is over as soon as somebody waits for it. */
const hasty: Clock = { ...realClock, sleep: () => Promise.resolve() };

describe("a token request", () => {
  it("gets the token of the pod's identity, all values strings, in the original's order", async () => {
    const { status, headers, body } = await ask(bound(), tokenPath);
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
    await ask(node, tokenPath);
    await ask(node, tokenPath);
    expect(imds().tokenRequests).toHaveLength(1);
  });

  it.each([
    { when: "by client ID", query: `&client_id=${reader.clientId.toUpperCase()}` },
    { when: "by resource ID", query: `&msi_res_id=${reader.resourceId.toUpperCase()}` },
    { when: "by the older name of a resource ID", query: `&mi_res_id=${reader.resourceId}` },
  ])("may name the identity $when, in any case", async ({ query }) => {
    expect((await ask(bound(), tokenPath + query)).status).toBe(200);
  });

  it.each([
    { when: "no header", over: { headers: {} }, status: 400 },
    { when: "a header in another case", over: { headers: { metadata: "True" } }, status: 400 },
    { when: "a proxy's trace", over: { headers: { metadata: "true", "x-forwarded-for": "1.2.3.4" } }, status: 400 },
    { when: "an upgrade", over: { headers: { metadata: "true", upgrade: "h2c" } }, status: 400 },
    { when: "a body", over: { headers: { metadata: "true", "content-length": "5" } }, status: 400 },
    { when: "no resource", target: "/metadata/identity/oauth2/token", status: 400 },
    { when: "an object ID", target: `${tokenPath}&object_id=1`, status: 400 },
    { when: "an unknown address", over: { from: "10.244.0.99" }, status: 503, retryAfter: "2" },
    { when: "an identity of somebody else", target: `${tokenPath}&client_id=another`, status: 404 },
  ])("is refused with $status for $when", async ({ target = tokenPath, over = {}, status, retryAfter }) => {
    const answer = await ask(bound({ clock: hasty }), target, over);
    expect([answer.status, answer.headers["Retry-After"]]).toEqual([status, retryAfter]);
    expect(imds().requests).toEqual([]);
  });

  it("needs no header where that is switched off", async () => {
    const node = bound({ settings: { metadataHeaderRequired: false } });
    expect((await ask(node, tokenPath, { headers: {} })).status).toBe(200);
  });

  it("gets 404 for a pod without a label, and the reason", async () => {
    const node = bound();
    node.pods.put(pod("web", { selector: "" }));
    const { status, body } = await ask(node, tokenPath);
    expect([status, body.error]).toEqual([404, "not_found"]);
    expect(body.error_description).toContain("the pod has no label aadpodidbinding");
  });

  it("gets 503 with Retry-After for an identity that is on its way, where the flag says so", async () => {
    const node = nmiNode({ imds: imds(), settings: { setRetryAfterHeader: true } });
    node.bind(web, reader, "Created");
    const { status, headers } = await ask(node, tokenPath);
    expect([status, headers["Retry-After"]]).toEqual([503, "20"]);
  });

  it("is refused 403 for a service principal, which this version does not serve", async () => {
    const node = nmiNode({ imds: imds() });
    node.bind(web, identity("sp", { spec: { type: 1, clientID: "app" } }));
    expect((await ask(node, tokenPath)).status).toBe(403);
  });

  it("is refused 403 for an identity that cannot be used, whatever its record says", async () => {
    const node = nmiNode({ imds: imds() });
    node.bind(web, identity("odd", { spec: { resourceID: "odd" } }));
    const { status, body } = await ask(node, tokenPath);
    expect(status).toBe(403);
    expect(body.error_description).toContain('invalid resource id: "odd"');
  });

  it("carries IMDS's own words when IMDS refuses", async () => {
    imds().failNext({ status: 403, body: { error: "forbidden", error_description: "tenant suspended" } });
    const { status, body } = await ask(bound(), tokenPath);
    expect(status).toBe(403);
    expect(body.error_description).toContain("forbidden: tenant suspended");
  });

  it("gets its turn at IMDS however much another pod asks for", async () => {
    const node = bound();
    node.bind(pod("other", { status: { podIP: "10.244.0.3" } }), reader);
    const release = imds().hold();
    const many = Array.from({ length: 12 }, (_, i) => ask(node, `${tokenPath}${i}`));
    await expect.poll(() => imds().requests.length).toBe(4);
    const other = ask(node, tokenPath, { from: "10.244.0.3" });
    release();
    expect((await other).body.access_token).toMatch(/^token-[5-8]-/);
    await Promise.all(many);
  });

  it("gets nothing when the pod loses the identity while its token is fetched", async () => {
    const node = bound();
    const release = imds().hold();
    const answer = ask(node, tokenPath);
    await expect.poll(() => imds().requests.length).toBe(1);
    node.identities.remove(reader);
    release();
    expect((await answer).status).toBe(404);
  });

  it("gets nothing when the address goes to another pod while its token is fetched", async () => {
    const node = bound();
    const release = imds().hold();
    const answer = ask(node, tokenPath);
    await expect.poll(() => imds().requests.length).toBe(1);
    node.pods.put({ ...web, meta: { ...web.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    node.pods.put(pod("other", { selector: "" }));
    release();
    expect((await answer).status).toBe(503);
  });

  it("is refused from the cache as well once the binding is gone", async () => {
    const node = bound();
    await ask(node, tokenPath);
    for (const binding of node.bindings.by("selector", "demo")) node.bindings.remove(binding);
    expect((await ask(node, tokenPath)).status).toBe(404);
  });

  it("gets IMDS's refusal when the identity is not on the machine and was not assigned just now", async () => {
    let now = 0;
    const node = bound({ clock: { ...hasty, monotonic: () => now } });
    now = 200_000;
    imds().failNext(identityNotFound);
    const { status, body } = await ask(node, tokenPath);
    expect(status).toBe(403);
    expect(body.error_description).toContain("Identity not found");
  });

  it("never puts a token into the log", async () => {
    const node = bound();
    await ask(node, tokenPath);
    expect(node.lines.join("")).not.toContain("token-1");
    expect(node.lines.join("")).not.toContain(reader.clientId);
  });
});
