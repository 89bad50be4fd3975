import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds } from "../../../test/support/azure/fake-imds.ts";
import { exception, identity, pod } from "../../../test/support/make.ts";
import { ask, nmiNode } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { route } from "./routes.ts";

const token = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const web = pod("web");

let imds: FakeImds;
beforeEach(async () => {
  imds = await FakeImds.start();
});
afterEach(() => imds[Symbol.asyncDispose]());

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

it("a 429 for a token request that is passed on makes NMI's own wait too", async () => {
  const clock = new FakeClock(Date.now());
  const node = nmiNode({ imds, clock });
  node.pods.put(pod("mic", { labels: { component: "mic" }, status: { podIP: "10.244.0.9" } }));
  node.exceptions.push(exception("mic", { component: "mic" }));
  node.bind(web, identity("reader"));
  imds.failNext({ status: 429, headers: { "Retry-After": "7" } });
  expect((await ask(node, token, { from: "10.244.0.9" })).status).toBe(429);
  const own = ask(node, token);
  await clock.asleep();
  clock.advance(6999);
  await clock.asleep();
  expect(imds.requests).toHaveLength(1);
  clock.advance(1);
  expect((await own).status).toBe(200);
});

describe("trouble of IMDS", () => {
  const troubles = [
    { status: 429, headers: {}, then: [429, "5"] },
    { status: 429, headers: { "Retry-After": "90" }, then: [429, "20"] },
    { status: 502, headers: {}, then: [503, "5"] },
    { status: 500, headers: { "Retry-After": "3" }, then: [503, "3"] },
    { status: 302, headers: { Location: "/metadata/versions" }, then: [503, "5"] },
  ];

  it.each(troubles)("reaches pods as NMI's own answers: $status $headers", async ({ status, headers, then }) => {
    imds.failNext({ status, headers, body: { error: "busy" } });
    const answer = await ask(nmiNode({ imds }), "/metadata/instance");
    expect([answer.status, answer.headers["Retry-After"]]).toEqual(then);
    expect(answer.body.error_description).toContain(`'${status}'`);
  });

  it.each(troubles)("reaches excepted pods as it is: $status $headers", async ({ status, headers }) => {
    const node = nmiNode({ imds });
    node.pods.put(pod("mic", { labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    imds.failNext({ status, headers, body: { error: "busy" } });
    const answer = await ask(node, token);
    expect([answer.status, answer.headers["retry-after"]]).toEqual([status, headers["Retry-After"]]);
    expect(answer.body).toEqual({ error: "busy" });
  });
});

it.each(["identity/oauth2/token?resource=x&client_id=anything", "identity/info"])(
  "requests for %s that are passed on take turns with NMI's own",
  async (path) => {
    const node = nmiNode({ imds });
    node.pods.put(pod("mic", { labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    imds.put("anything");
    const release = imds.hold();
    const all = Array.from({ length: 6 }, () => ask(node, `/metadata/${path}`));
    await expect.poll(() => imds.requests.length).toBe(4);
    release();
    await Promise.all(all);
    expect(imds.mostAtOnce).toBe(4);
  },
);

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

  it("comes for HEAD with the length of what a GET gets", async () => {
    const request = { method: "HEAD", target: "/metadata/instance", headers: { metadata: "true" } };
    const { ports } = nmiNode({ imds });
    const connection = { remoteAddress: "10.244.0.2" };
    const { signal } = new AbortController();
    const answer = await route({ ...request, body: new Uint8Array(), connection, signal }, ports);
    expect([answer.headers["content-length"], answer.body.length]).toEqual(["29", 0]);
  });

  it("comes with IMDS's own status and body", async () => {
    imds.failNext({ status: 400, body: { error: "Bad request. api-version is invalid" } });
    const answer = await ask(nmiNode({ imds }), "/metadata/instance");
    expect([answer.status, answer.body]).toEqual([400, { error: "Bad request. api-version is invalid" }]);
  });

  it.each([
    { when: "no header", over: { headers: {} }, status: 400 },
    { when: "a proxy's trace", over: { headers: { metadata: "true", "x-forwarded-for": "" } }, status: 400 },
    { when: "a body", over: { headers: { metadata: "true", "content-length": "1" } }, status: 400 },
    {
      when: "a body in chunks",
      over: { headers: { metadata: "true", "transfer-encoding": "chunked" } },
      status: 400,
    },
    { when: "another method", over: { method: "PUT" }, status: 405 },
    { when: "a path that is not on the list", target: "/doesnotexist", status: 404 },
    { when: "a backslash", target: "/metadata/identity\\oauth2/token", status: 400 },
  ])("is refused with $status for $when", async ({ target = "/metadata/instance", over = {}, status }) => {
    const node = nmiNode({ imds });
    node.pods.put(web);
    expect((await ask(node, target, over)).status).toBe(status);
    expect(imds.requests).toEqual([]);
  });

  it("is read by whoever asks where only this node reaches NMI", async () => {
    const node = nmiNode({ imds });
    for (const from of ["10.0.0.1", "10.0.0.99"])
      expect((await ask(node, "/metadata/instance", { from })).status).toBe(200);
  });

  it("is read by pods of this node and the node itself alone where others reach NMI", async () => {
    const clock = new FakeClock();
    const node = nmiNode({ imds, clock, settings: { isOnNetwork: true } });
    node.pods.put(web);
    for (const from of ["10.244.0.2", "10.0.0.1"]) {
      expect((await ask(node, "/metadata/instance", { from })).status).toBe(200);
    }
    const outside = ask(node, "/metadata/attested/document", { from: "10.0.0.99" });
    const { status, body } = await clock.passUntil(outside, 100);
    expect([status, body.error]).toEqual([503, "temporarily_unavailable"]);
    expect(imds.requests).toHaveLength(2);
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
