import { describe, expect, it } from "vitest";
import { freshKubeApi, MAPS, PODS, shortPod } from "../../../../test/support/kube/fresh-kube-api.ts";

const { post, get, remove, merge } = freshKubeApi();
const codeOf = async (path: string) => (await get(path)).code;

describe("delete", () => {
  it("answers with what was done", async () => {
    const { body } = await post(MAPS, { metadata: { name: "a" } });
    expect(await remove(`${MAPS}/a`)).toMatchObject({
      code: 200,
      body: { kind: "Status", status: "Success", details: { name: "a", kind: "configmaps", uid: body.metadata?.uid } },
    });
    expect(await remove(`${MAPS}/a`)).toMatchObject({ code: 404, body: { message: 'configmaps "a" not found' } });
  });

  it("minds its preconditions", async () => {
    const { body } = await post(MAPS, { metadata: { name: "a" } });
    const { uid, resourceVersion } = body.metadata ?? {};
    expect(await remove(`${MAPS}/a`, { preconditions: { uid: "other" } })).toMatchObject({
      code: 409,
      body: { reason: "Conflict", message: expect.stringContaining(`does not match the UID in record (${uid})`) },
    });
    expect(await remove(`${MAPS}/a`, { preconditions: { resourceVersion: "1" } })).toMatchObject({ code: 409 });
    expect(await remove(`${MAPS}/a`, { preconditions: { uid, resourceVersion } })).toMatchObject({ code: 200 });
  });

  it("waits for the last finalizer", async () => {
    await post(MAPS, { metadata: { name: "a", finalizers: ["example.com/one", "example.com/two"] } });
    const marked = await remove(`${MAPS}/a`, { propagationPolicy: "Foreground" });
    expect(marked.body.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      deletionGracePeriodSeconds: 0,
    });
    const again = await remove(`${MAPS}/a`);
    expect(again.body.metadata?.resourceVersion).toBe(marked.body.metadata?.resourceVersion);

    expect(await merge(`${MAPS}/a`, { metadata: { finalizers: ["example.com/three"] } })).toMatchObject({ code: 422 });
    expect(await merge(`${MAPS}/a`, { metadata: { finalizers: ["example.com/two"] } })).toMatchObject({ code: 200 });
    expect(await codeOf(`${MAPS}/a`)).toBe(200);
    expect(await merge(`${MAPS}/a`, { metadata: { finalizers: null } })).toMatchObject({ code: 200 });
    expect(await codeOf(`${MAPS}/a`)).toBe(404);
  });

  it("changes nothing in a dry run, asked for in the query or in the body", async () => {
    await post(MAPS, { metadata: { name: "a" } });
    await remove(`${MAPS}/a?dryRun=All`);
    await remove(`${MAPS}/a`, { dryRun: ["All"] });
    expect(await codeOf(`${MAPS}/a`)).toBe(200);
  });

  it("of a collection takes what the selector names", async () => {
    await post(MAPS, { metadata: { name: "a", labels: { x: "1" } } });
    await post(MAPS, { metadata: { name: "b" } });
    const { body } = await remove(`${MAPS}?labelSelector=x`);
    expect(body.items).toHaveLength(1);
    expect([await codeOf(`${MAPS}/a`), await codeOf(`${MAPS}/b`)]).toEqual([404, 200]);
  });
});

describe("delete of a pod", () => {
  it("is left to the kubelet while the pod may still run", async () => {
    await post(PODS, shortPod("a", { nodeName: "node-0" }));
    const { body } = await remove(`${PODS}/a`);
    expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, generation: 2 });
    const marked = new Date(String(body.metadata?.deletionTimestamp)).getTime();
    expect(marked - Date.now()).toBeGreaterThan(25_000);

    expect((await remove(`${PODS}/a`, { gracePeriodSeconds: 60 })).body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
    });
    expect((await remove(`${PODS}/a?gracePeriodSeconds=5`)).body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 5,
    });
    await merge(`${PODS}/a/status`, { status: { phase: "Failed" } });
    expect(await codeOf(`${PODS}/a`)).toBe(200);

    expect(await remove(`${PODS}/a`, { gracePeriodSeconds: 0 })).toMatchObject({ code: 200, body: { kind: "Pod" } });
    expect(await codeOf(`${PODS}/a`)).toBe(404);
  });

  it("is done at once for one that runs nowhere", async () => {
    await post(PODS, shortPod("a"));
    await remove(`${PODS}/a`);
    expect(await codeOf(`${PODS}/a`)).toBe(404);
  });

  it("waits for finalizers even without grace", async () => {
    await post(PODS, { ...shortPod("a"), metadata: { name: "a", finalizers: ["example.com/one"] } });
    await remove(`${PODS}/a`, { gracePeriodSeconds: 0 });
    expect(await codeOf(`${PODS}/a`)).toBe(200);
    await merge(`${PODS}/a`, { metadata: { finalizers: [] } });
    expect(await codeOf(`${PODS}/a`)).toBe(404);
  });
});

describe("delete of a namespace", () => {
  it("takes its objects with it, and waits for those that wait", async () => {
    await post("/api/v1/namespaces", { metadata: { name: "shop" } });
    const maps = "/api/v1/namespaces/shop/configmaps";
    await post(maps, { metadata: { name: "quick" } });
    await post(maps, { metadata: { name: "slow", finalizers: ["example.com/one"] } });

    expect(await remove("/api/v1/namespaces/shop")).toMatchObject({
      code: 200,
      body: { status: { phase: "Terminating" } },
    });
    expect([await codeOf(`${maps}/quick`), await codeOf(`${maps}/slow`)]).toEqual([404, 200]);
    expect(await post(maps, { metadata: { name: "late" } })).toMatchObject({
      code: 403,
      body: { reason: "Forbidden" },
    });
    await merge(`${maps}/slow`, { metadata: { finalizers: null } });
    expect(await codeOf("/api/v1/namespaces/shop")).toBe(404);
  });

  it("is refused for those that a cluster needs", async () => {
    const message = 'namespaces "default" is forbidden: this namespace may not be deleted';
    expect(await remove("/api/v1/namespaces/default")).toMatchObject({ code: 403, body: { message } });
  });
});
