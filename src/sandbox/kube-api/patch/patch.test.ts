import { describe, expect, it } from "vitest";
import { freshKubeApi, MAPS, PODS, shortPod } from "../../../../test/support/kube/fresh-kube-api.ts";
import { call } from "../../../../test/support/kube/kube-call.ts";

const { post, get, merge, jsonPatch, url } = freshKubeApi();

describe("patch", () => {
  it("merges, and null removes", async () => {
    await post(MAPS, { metadata: { name: "a", labels: { x: "1" } }, data: { k: "1", gone: "1" } });
    const { body } = await merge(`${MAPS}/a`, { metadata: { labels: { y: "2" } }, data: { gone: null } });
    expect(body).toMatchObject({ metadata: { labels: { x: "1", y: "2" } } });
    expect(body.data).toEqual({ k: "1" });
  });

  it("applies the operations of a JSON patch together or not at all", async () => {
    await post(MAPS, { metadata: { name: "a" }, data: { k: "1" } });
    expect((await jsonPatch(`${MAPS}/a`, [{ op: "replace", path: "/data/k", value: "2" }])).body.data).toEqual({
      k: "2",
    });
    const failed = await jsonPatch(`${MAPS}/a`, [
      { op: "replace", path: "/data/k", value: "3" },
      { op: "test", path: "/data/k", value: "2" },
    ]);
    const message = "the server rejected our request due to an error in our request";
    expect(failed).toMatchObject({ code: 422, body: { reason: "Invalid", message } });
    expect((await get(`${MAPS}/a`)).body.data).toEqual({ k: "2" });
  });

  it("minds a resourceVersion in the patch", async () => {
    await post(MAPS, { metadata: { name: "a" } });
    const patch = { metadata: { resourceVersion: "1" }, data: { k: "v" } };
    expect(await merge(`${MAPS}/a`, patch)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
  });

  it.each([
    { type: "application/json", code: 415 },
    { type: "application/apply-patch+yaml", code: 501 },
  ])("does not take $type", async ({ type, code }) => {
    await post(MAPS, { metadata: { name: "a" } });
    expect(await call(url(), "PATCH", `${MAPS}/a`, {}, { type })).toMatchObject({ code, body: { kind: "Status" } });
  });

  it.each([
    { what: "name", patch: { metadata: { name: "b" } }, code: 400 },
    { what: "namespace", patch: { metadata: { namespace: "other" } }, code: 400 },
    { what: "uid", patch: { metadata: { uid: "other" } }, code: 422 },
    { what: "a pod's node", patch: { spec: { nodeName: "other" } }, code: 422 },
    { what: "a pod's service account", patch: { spec: { serviceAccountName: "other" } }, code: 422 },
  ])("cannot change $what", async ({ patch, code }) => {
    await post(PODS, shortPod("a", { nodeName: "node-0" }));
    expect(await merge(`${PODS}/a`, patch)).toMatchObject({ code });
  });
});

describe("a secret", () => {
  it("keeps its type, and everything once it is immutable", async () => {
    const path = "/api/v1/namespaces/default/secrets";
    await post(path, { metadata: { name: "s" }, immutable: true, stringData: { a: "b" } });
    expect(await merge(`${path}/s`, { type: "other" })).toMatchObject({ code: 422 });
    expect(await merge(`${path}/s`, { stringData: { a: "c" } })).toMatchObject({ code: 422 });
    expect(await merge(`${path}/s`, { immutable: false })).toMatchObject({ code: 422 });
    expect(await merge(`${path}/s`, { metadata: { labels: { x: "1" } } })).toMatchObject({ code: 200 });
  });
});

describe("the status of a pod", () => {
  it("is written at its own URL only, and the rest only at the object's", async () => {
    await post(PODS, { ...shortPod("a"), status: { phase: "Running" } });
    const both = { metadata: { labels: { x: "1" } }, status: { phase: "Running", podIP: "10.0.0.1" } };
    expect((await merge(`${PODS}/a`, both)).body).toMatchObject({
      metadata: { labels: { x: "1" } },
      status: { phase: "Pending" },
    });
    const spec = { containers: [{ name: "main", image: "other" }] };
    const { body } = await merge(`${PODS}/a/status`, { ...both, spec });
    expect(body).toMatchObject({ status: { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] } });
    expect(body).toMatchObject({ spec: { containers: [{ image: "demo:1" }] }, metadata: { generation: 1 } });
  });
});

describe("binding a pod", () => {
  it("puts it on a node, once", async () => {
    await post(PODS, shortPod("a"));
    const binding = { metadata: { name: "a" }, target: { kind: "Node", name: "node-0" } };
    expect(await post(`${PODS}/a/binding`, binding)).toMatchObject({ code: 201, body: { status: "Success" } });
    expect((await get(`${PODS}/a`)).body).toMatchObject({
      spec: { nodeName: "node-0" },
      status: { conditions: [{ type: "PodScheduled", status: "True" }] },
    });
    const message = 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "node-0"';
    expect(await post(`${PODS}/a/binding`, binding)).toMatchObject({ code: 409, body: { message } });
  });
});
