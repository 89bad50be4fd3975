import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Body, call } from "../../../../test/support/kube/kube-call.ts";
import { type KubeApi, startKubeApi } from "../server.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";

let api: KubeApi;
beforeEach(async () => {
  api = await startKubeApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
});

const post = (path: string, body: unknown) => call(api.url, "POST", path, body);
const list = async (path: string) => (await call(api.url, "GET", path)).body;
const namesIn = ({ items = [] }: Body) => items.map(({ metadata }) => metadata?.name);

async function addMaps(...names: readonly string[]): Promise<void> {
  for (const name of names) await post(MAPS, { metadata: { name } });
}

describe("list", () => {
  it("is in the order of the names, at the newest revision, and its items do not repeat its kind", async () => {
    await addMaps("b", "a", "c-1", "c");
    const body = await list(MAPS);
    expect(body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
    expect(namesIn(body)).toEqual(["a", "b", "c", "c-1"]);
    expect(body.items?.[0]?.kind).toBeUndefined();
    const newest = body.items?.map(({ metadata }) => Number(metadata?.resourceVersion)) ?? [];
    expect(body.metadata?.resourceVersion).toBe(String(Math.max(...newest)));
  });

  it("of one namespace holds no other's objects", async () => {
    await post("/api/v1/namespaces", { metadata: { name: "default-2" } });
    await addMaps("a");
    await post("/api/v1/namespaces/default-2/configmaps", { metadata: { name: "b" } });
    expect(namesIn(await list(MAPS))).toEqual(["a"]);
    expect(namesIn(await list("/api/v1/configmaps"))).toEqual(["b", "a"]);
    expect(namesIn(await list("/api/v1/namespaces/none/configmaps"))).toEqual([]);
  });
});

describe("list in pages", () => {
  it("shows what there was when it began, whatever changes between the pages", async () => {
    await addMaps("a", "b", "c", "d", "e");
    const first = await list(`${MAPS}?limit=2`);
    expect(namesIn(first)).toEqual(["a", "b"]);
    expect(first.metadata).toMatchObject({ remainingItemCount: 3, continue: expect.any(String) });

    await call(api.url, "DELETE", `${MAPS}/c`);
    await addMaps("cc");
    await call(api.url, "PUT", `${MAPS}/d`, { metadata: { name: "d" }, data: { k: "late" } });
    const second = await list(`${MAPS}?limit=2&continue=${first.metadata?.continue}`);
    expect(namesIn(second)).toEqual(["c", "d"]);
    expect(second.items?.[1]?.data).toBeUndefined();
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    const last = await list(`${MAPS}?limit=2&continue=${second.metadata?.continue}`);
    expect(namesIn(last)).toEqual(["e"]);
    expect(last.metadata?.continue).toBeUndefined();
  });

  it("counts only what the selector names", async () => {
    for (const name of ["a", "b", "c", "d"]) {
      await post(MAPS, { metadata: { name, labels: { odd: String("ac".includes(name)) } } });
    }
    const first = await list(`${MAPS}?limit=1&labelSelector=odd%3Dtrue`);
    expect(namesIn(first)).toEqual(["a"]);
    expect(first.metadata?.remainingItemCount).toBeUndefined();
    const second = await list(`${MAPS}?limit=1&labelSelector=odd%3Dtrue&continue=${first.metadata?.continue}`);
    expect([namesIn(second), second.metadata?.continue]).toEqual([["c"], undefined]);
  });

  it("cannot go on after a compaction, except with the token that the refusal carries", async () => {
    await addMaps("a", "b", "c");
    const first = await list(`${MAPS}?limit=1`);
    await addMaps("bb");
    api.compact();
    const refused = await call(api.url, "GET", `${MAPS}?limit=1&continue=${first.metadata?.continue}`);
    expect(refused).toMatchObject({
      code: 410,
      body: { reason: "Expired", metadata: { continue: expect.any(String) } },
    });
    const rest = await list(`${MAPS}?limit=5&continue=${refused.body.metadata?.continue}`);
    expect(namesIn(rest)).toEqual(["b", "bb", "c"]);
  });
});

describe("list at a revision", () => {
  it("is exact where asked for, else not older", async () => {
    await addMaps("a");
    const then = (await list(MAPS)).metadata?.resourceVersion;
    await addMaps("b");
    expect(namesIn(await list(`${MAPS}?resourceVersion=${then}&resourceVersionMatch=Exact`))).toEqual(["a"]);
    expect(namesIn(await list(`${MAPS}?resourceVersion=${then}`))).toEqual(["a", "b"]);
    expect(namesIn(await list(`${MAPS}?resourceVersion=0`))).toEqual(["a", "b"]);
    api.compact();
    const gone = await call(api.url, "GET", `${MAPS}?resourceVersion=${then}&resourceVersionMatch=Exact`);
    expect(gone).toMatchObject({ code: 410, body: { reason: "Expired" } });
  });

  it("cannot be of the future", async () => {
    const answer = await call(api.url, "GET", `${MAPS}?resourceVersion=99999`);
    expect(answer).toMatchObject({ code: 504, body: { reason: "Timeout", details: { retryAfterSeconds: 1 } } });
  });
});

describe("a bad query", () => {
  it.each([
    "limit=x",
    "continue=x",
    "resourceVersion=x",
    "fieldSelector=spec.nothing%3Dx",
    "fieldSelector=x",
    "labelSelector=a%20b",
    "watch=1&timeoutSeconds=x",
    "watch=1&resourceVersion=x",
  ])("%s is refused", async (query) => {
    expect(await call(api.url, "GET", `${MAPS}?${query}`)).toMatchObject({ code: 400, body: { reason: "BadRequest" } });
  });
});

it("an exact list names its version", async () => {
  const answer = await call(api.url, "GET", `${MAPS}?resourceVersionMatch=Exact`);
  expect(answer).toMatchObject({ code: 422, body: { details: { causes: [{ field: "resourceVersionMatch" }] } } });
});

describe("selectors", () => {
  beforeEach(async () => {
    const pod = (name: string, nodeName: string, labels: object) => ({
      metadata: { name, labels },
      spec: { containers: [{ name: "main", image: "demo" }], ...(nodeName !== "" && { nodeName }) },
    });
    await post(PODS, pod("a", "node-0", { app: "web", rank: "1" }));
    await post(PODS, pod("b", "node-1", { app: "shop", rank: "20" }));
    await post(PODS, pod("c", "", { tier: "" }));
  });

  it.each([
    { selector: "labelSelector=app=web", names: ["a"] },
    { selector: "labelSelector=app==web", names: ["a"] },
    { selector: "labelSelector=app!=web", names: ["b", "c"] },
    { selector: "labelSelector=app in (web, shop),rank", names: ["a", "b"] },
    { selector: "labelSelector=app notin (web)", names: ["b", "c"] },
    { selector: "labelSelector=app", names: ["a", "b"] },
    { selector: "labelSelector=!app", names: ["c"] },
    { selector: "labelSelector=tier=", names: ["c"] },
    { selector: "labelSelector=rank>1", names: ["b"] },
    { selector: "labelSelector=rank<20", names: ["a"] },
    { selector: "fieldSelector=spec.nodeName=node-1", names: ["b"] },
    { selector: "fieldSelector=spec.nodeName=", names: ["c"] },
    { selector: "fieldSelector=spec.nodeName!=,metadata.name!=a", names: ["b"] },
    { selector: "fieldSelector=status.phase=Pending,metadata.namespace=default", names: ["a", "b", "c"] },
    { selector: "fieldSelector=metadata.name=c", names: ["c"] },
    { selector: "fieldSelector=spec.nodeName=node-0&labelSelector=app=shop", names: [] },
  ])("$selector gives $names", async ({ selector, names }) => {
    const query = selector.replaceAll(/[ !<>]/g, encodeURIComponent).replaceAll(/(?<=Selector=[^&]*)=/g, "%3D");
    expect(namesIn(await list(`${PODS}?${query}`))).toEqual(names);
  });

  it("know whether a node takes pods", async () => {
    await post("/api/v1/nodes", { metadata: { name: "open" } });
    await post("/api/v1/nodes", { metadata: { name: "closed" }, spec: { unschedulable: true } });
    expect(namesIn(await list("/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse"))).toEqual(["open"]);
  });
});
