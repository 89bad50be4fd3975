import { expect, it } from "vitest";
import { call } from "../../../../test/support/kube/kube-call.ts";
import { eventually } from "../../../../test/support/time/eventually.ts";
import { type KubeApi, startKubeApi } from "../server.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

/** Makes a ConfigMap that belongs to the owners; the result is its UID. */
async function make(api: KubeApi, name: string, owners: readonly object[] = [], metadata: object = {}) {
  const ownerReferences = owners.map((owner) => ({ apiVersion: "v1", kind: "ConfigMap", ...owner }));
  const { body } = await call(api.url, "POST", MAPS, { metadata: { name, ownerReferences, ...metadata } });
  return String(body.metadata?.uid);
}

const remove = (api: KubeApi, name: string, propagationPolicy?: string) =>
  call(api.url, "DELETE", `${MAPS}/${name}`, propagationPolicy && { propagationPolicy });
const get = (api: KubeApi, name: string) => call(api.url, "GET", `${MAPS}/${name}`);

it("deletes what belongs to an owner that is gone, and what belongs to that", async () => {
  await using api = await startKubeApi({ controllers: true });
  const uid = await make(api, "owner");
  const child = await make(api, "child", [{ name: "owner", uid }]);
  await make(api, "grandchild", [{ name: "child", uid: child }]);
  expect(await remove(api, "owner")).toMatchObject({ code: 200, body: { kind: "Status" } });
  await eventually(async () => (await get(api, "grandchild")).code).toBe(404);
  expect(await get(api, "child")).toMatchObject({ code: 404 });
});

it("deletes at once what never had its owner", async () => {
  await using api = await startKubeApi({ controllers: true });
  await make(api, "child", [{ name: "owner", uid: "nobody's" }]);
  await eventually(async () => (await get(api, "child")).code).toBe(404);
});

it("keeps what has another owner, without the one that is gone", async () => {
  await using api = await startKubeApi({ controllers: true });
  const [first, second] = [await make(api, "first"), await make(api, "second")];
  await make(api, "child", [
    { name: "first", uid: first },
    { name: "second", uid: second },
  ]);
  await remove(api, "first");
  const owners = async () => (await get(api, "child")).body.metadata?.ownerReferences;
  await eventually(owners).toEqual([expect.objectContaining({ uid: second })]);
});

it("lets an owner go last that is deleted in the foreground", async () => {
  await using api = await startKubeApi({ controllers: true });
  const uid = await make(api, "owner");
  const finalizers = ["example.com/held"];
  await make(api, "child", [{ name: "owner", uid, blockOwnerDeletion: true }], { finalizers });
  expect(await remove(api, "owner", "Foreground")).toMatchObject({
    body: { metadata: { finalizers: ["foregroundDeletion"], deletionTimestamp: expect.any(String) } },
  });
  await eventually(async () => (await get(api, "child")).body.metadata?.deletionTimestamp).toEqual(expect.any(String));
  expect(await get(api, "owner")).toMatchObject({ code: 200 });
  const patch = { metadata: { finalizers: null } };
  await call(api.url, "PATCH", `${MAPS}/child`, patch, { type: "application/merge-patch+json" });
  await eventually(async () => (await get(api, "owner")).code).toBe(404);
  expect(await get(api, "child")).toMatchObject({ code: 404 });
});

it("leaves behind what an owner orphans", async () => {
  await using api = await startKubeApi({ controllers: true });
  const uid = await make(api, "owner");
  await make(api, "child", [{ name: "owner", uid }]);
  await remove(api, "owner", "Orphan");
  await eventually(async () => (await get(api, "owner")).code).toBe(404);
  const child = await get(api, "child");
  expect(child.code).toBe(200);
  expect(child.body.metadata?.ownerReferences).toBeUndefined();
});
