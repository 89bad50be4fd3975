import { expect, it } from "vitest";
import { startWorkloadTest, templateOf, webSelector } from "../../../test/support/kube/workloads.ts";
import { eventually } from "../../../test/support/time/eventually.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

async function withWeb(spec: object = {}) {
  const test = await startWorkloadTest();
  const body = { metadata: { name: "web" }, spec: { selector: webSelector, template: templateOf("demo:1"), ...spec } };
  await test.make(DEPLOYMENTS, body);
  const change = (changed: object) => test.merge(`${DEPLOYMENTS}/web`, { spec: changed });
  const readyAll = async () => {
    for (const { metadata } of await test.pods()) await test.ready(metadata.name);
  };
  const images = async () =>
    (await test.pods()).map(({ spec: pod }) => (pod.containers as { image: string }[])[0]?.image).sort();
  return { ...test, change, readyAll, images };
}

it("makes its pods through a ReplicaSet, and counts those that are ready", async () => {
  const web = await withWeb({ replicas: 2 });
  await web.hasPods(2);
  const [set] = await web.sets();
  const [pod] = await web.pods();
  expect(pod?.metadata.name.startsWith(`${set?.metadata.name}-`)).toBe(true);
  expect(pod?.metadata.ownerReferences).toMatchObject([{ kind: "ReplicaSet", controller: true }]);
  await web.readyAll();
  await eventually(async () => (await web.deployment()).status).toMatchObject({
    ...{ observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: "Available", status: "True" }),
      expect.objectContaining({ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }),
    ]),
  });
});

it("keeps enough pods while it replaces them", async () => {
  const web = await withWeb({ replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await web.hasPods(2);
  await web.readyAll();
  await eventually(async () => (await web.deployment()).status.availableReplicas).toBe(2);
  await web.change({ template: templateOf("demo:2") });
  await eventually(web.images).toEqual(["demo:1", "demo:1", "demo:2"]);
  await web.readyAll();
  await eventually(web.images).toEqual(["demo:1", "demo:2", "demo:2"]);
  await web.readyAll();
  await eventually(web.images).toEqual(["demo:2", "demo:2"]);
});

it("makes pods again that were deleted, and fewer when fewer are wanted", async () => {
  const web = await withWeb({ replicas: 2 });
  await web.hasPods(2);
  const [pod] = await web.pods();
  await web.remove(`/api/v1/namespaces/default/pods/${pod?.metadata.name}`);
  await eventually(async () => (await web.pods()).map(({ metadata }) => metadata.name)).not.toContain(
    pod?.metadata.name,
  );
  await web.hasPods(2);
  await web.change({ replicas: 0 });
  await web.hasPods(0);
});

it("lets all old pods end before the first new one with Recreate", async () => {
  const web = await withWeb({ replicas: 1, strategy: { type: "Recreate" } });
  await web.hasPods(1);
  const [pod] = await web.pods();
  const binding = { metadata: { name: pod?.metadata.name }, target: { name: "node-a" } };
  await web.make(`/api/v1/namespaces/default/pods/${pod?.metadata.name}/binding`, binding);
  await web.change({ template: templateOf("demo:2") });
  await eventually(async () => (await web.pods())[0]?.metadata.deletionTimestamp).toBeDefined();
  expect(await web.images()).toEqual(["demo:1"]); // it takes its time to end
  await web.remove(`/api/v1/namespaces/default/pods/${pod?.metadata.name}`, { gracePeriodSeconds: 0 });
  await eventually(web.images).toEqual(["demo:2"]);
});

it("says that its pods are refused, and makes them once they are not", async () => {
  const web = await withWeb({ replicas: 1, template: templateOf("demo:1", { serviceAccountName: "mine" }) });
  await eventually(async () => (await web.deployment()).status.conditions).toContainEqual(
    expect.objectContaining({ type: "ReplicaFailure", status: "True", reason: "FailedCreate" }),
  );
  await web.make("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "mine" } });
  await web.hasPods(1);
});

it("takes its ReplicaSets and pods with it", async () => {
  const web = await withWeb({ replicas: 2 });
  await web.hasPods(2);
  await web.remove(`${DEPLOYMENTS}/web`);
  await web.hasPods(0);
  expect(await web.sets()).toEqual([]);
});

it("says when it makes no progress", async () => {
  const web = await withWeb({ replicas: 1, minReadySeconds: 0, progressDeadlineSeconds: 1 });
  await eventually(async () => (await web.deployment()).status.conditions).toContainEqual(
    expect.objectContaining({ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }),
  );
});
