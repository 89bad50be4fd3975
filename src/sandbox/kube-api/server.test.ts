import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { call } from "../../../test/support/kube/kube-call.ts";
import { createAuthority } from "../certificates.ts";
import { startKubeApi } from "./server.ts";

/** The vendor's client, for a server without TLS. */
function clientConfig(url: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "sandbox", server: url, skipTLSVerify: true }, { name: "somebody" });
  return config;
}

describe("the in-memory API server", () => {
  it.each(["/healthz", "/livez", "/readyz"])("is well at %s", async (path) => {
    await using api = await startKubeApi();
    expect(await call(api.url, "GET", path)).toMatchObject({ code: 200, body: { text: "ok" } });
  });

  it("says its version and what it serves", async () => {
    await using api = await startKubeApi();
    const get = async (path: string) => (await call(api.url, "GET", path)).body;

    expect(await get("/version")).toMatchObject({ major: "1", gitVersion: expect.stringMatching(/^v1\./) });
    expect(await get("/api")).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    expect(await get("/apis")).toMatchObject({ kind: "APIGroupList", groups: expect.any(Array) });
    expect(await get("/apis/apps")).toMatchObject({ kind: "APIGroup", preferredVersion: { groupVersion: "apps/v1" } });
    const core = await get("/api/v1");
    expect(core).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
    expect(core.resources).toContainEqual(
      expect.objectContaining({ name: "pods", singularName: "pod", kind: "Pod", namespaced: true, shortNames: ["po"] }),
    );
    expect(core.resources).toContainEqual(expect.objectContaining({ name: "pods/binding", kind: "Binding" }));
  });

  it("starts with the namespaces of an empty cluster", async () => {
    await using api = await startKubeApi();
    const core = clientConfig(api.url).makeApiClient(CoreV1Api);
    const names = (await core.listNamespace()).items.map(({ metadata }) => metadata?.name);
    expect(names).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
  });

  it("speaks TLS with the certificate that it gets", async () => {
    const authority = await createAuthority();
    await using api = await startKubeApi({ tls: await authority.serverCertificate() });
    const config = new KubeConfig();
    const caData = Buffer.from(authority.caPem).toString("base64");
    config.loadFromClusterAndUser(
      { name: "sandbox", server: api.url, caData, skipTLSVerify: false },
      { name: "somebody" },
    );
    expect(api.url).toMatch(/^https:/);
    expect(await config.makeApiClient(CoreV1Api).readNamespace({ name: "default" })).toMatchObject({
      kind: "Namespace",
    });
  });

  it.each([
    { method: "GET", path: "/api/v1/podz", code: 404, reason: "NotFound" },
    { method: "GET", path: "/api/v1/pods/named-without-its-namespace", code: 404, reason: "NotFound" },
    { method: "GET", path: "/api/v1/namespaces/default/nodes", code: 404, reason: "NotFound" },
    { method: "GET", path: "/api/v1/namespaces/default/pods/a/nothing", code: 404, reason: "NotFound" },
    { method: "GET", path: "/api/v1/namespaces/%zz", code: 404, reason: "NotFound" },
    { method: "POST", path: "/api/v1/pods", code: 405, reason: "MethodNotAllowed" },
    { method: "PUT", path: "/api/v1/namespaces/default/pods", code: 405, reason: "MethodNotAllowed" },
    { method: "POST", path: "/api/v1/namespaces/default/pods/a", code: 405, reason: "MethodNotAllowed" },
  ])("answers $method $path with a Status $code", async ({ method, path, code, reason }) => {
    await using api = await startKubeApi();
    const answer = await call(api.url, method, path, method === "GET" ? undefined : {});
    expect(answer.code).toBe(code);
    expect(answer.body).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason,
      code,
    });
  });

  it.each(["/nothing", "/apis/nobody.example/v1/things"])("has no page %s", async (path) => {
    await using api = await startKubeApi();
    expect(await call(api.url, "GET", path)).toMatchObject({ code: 404, body: { text: "404 page not found\n" } });
  });

  it("refuses what it cannot read", async () => {
    await using api = await startKubeApi();
    const path = "/api/v1/namespaces/default/configmaps";
    expect(await call(api.url, "POST", path, "{half")).toMatchObject({ code: 400, body: { reason: "BadRequest" } });
    expect(await call(api.url, "POST", path, "a: b", { type: "text/plain" })).toMatchObject({
      code: 415,
      body: { reason: "UnsupportedMediaType" },
    });
    expect(await call(api.url, "POST", path, "a: [b", { type: "application/yaml" })).toMatchObject({
      code: 400,
      body: { reason: "BadRequest", message: expect.stringMatching(/^the object provided is unrecognized/) },
    });
    expect(await call(api.url, "POST", path, "x".repeat(4_000_000))).toMatchObject({ code: 413 });
  });

  it("lets in only those whose token it knows, and tells everybody else whether it is well", async () => {
    await using api = await startKubeApi({ tokens: new Map([["sesame", "alice"]]) });
    const list = (token?: string) =>
      call(api.url, "GET", "/api/v1/pods", undefined, token === undefined ? {} : { token });
    const refused = { code: 401, body: { kind: "Status", reason: "Unauthorized", message: "Unauthorized", code: 401 } };
    expect(await list()).toMatchObject({
      code: 403,
      body: {
        reason: "Forbidden",
        message: expect.stringMatching(/^pods is forbidden: User "system:anonymous" cannot list/),
      },
    });
    expect(await list("guess")).toMatchObject(refused);
    expect(await list("sesame")).toMatchObject({ code: 200 });
    expect(await call(api.url, "GET", "/livez")).toMatchObject({ code: 200 });
  });

  it("ends its watches and frees its port when it stops", async () => {
    const api = await startKubeApi();
    const response = await fetch(`${api.url}/api/v1/pods?watch=true&resourceVersion=1`);
    await api[Symbol.asyncDispose]();
    expect(await response.text()).toBe("");
    await expect(fetch(`${api.url}/livez`)).rejects.toThrow();
  });
});

describe("planned trouble", () => {
  it("refuses the next requests that fit, and only those", async () => {
    await using api = await startKubeApi();
    api.failNext({ verb: "list", resource: "pods" }, { code: 429, retryAfterSeconds: 2 }, 2);

    expect(await call(api.url, "GET", "/api/v1/nodes")).toMatchObject({ code: 200 });
    const refused = await call(api.url, "GET", "/api/v1/pods");
    expect(refused).toMatchObject({
      code: 429,
      body: { reason: "TooManyRequests", details: { retryAfterSeconds: 2 } },
    });
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(await call(api.url, "GET", "/api/v1/pods")).toMatchObject({ code: 429 });
    expect(await call(api.url, "GET", "/api/v1/pods")).toMatchObject({ code: 200 });
  });

  it("closes the connection instead of an answer", async () => {
    await using api = await startKubeApi();
    api.dropNext({ verb: "get", name: "default" });
    await expect(call(api.url, "GET", "/api/v1/namespaces/default")).rejects.toThrow();
    expect(await call(api.url, "GET", "/api/v1/namespaces/default")).toMatchObject({ code: 200 });
  });

  it("delays an answer and can be called off", async () => {
    await using api = await startKubeApi();
    api.delayNext({ verb: "get" }, 50);
    const start = performance.now();
    await call(api.url, "GET", "/api/v1/namespaces/default");
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);

    api.failNext({}, { code: 503 });
    api.calm();
    expect(await call(api.url, "GET", "/api/v1/namespaces/default")).toMatchObject({ code: 200 });
  });
});
