import type { EventList } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RawKube } from "../../../test/support/kube/raw-kube.ts";
import { createLog } from "../../base/log.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";
import { startScheduler } from "./scheduler.ts";

const PODS = "/api/v1/namespaces/default/pods";
const labels = { "kubernetes.io/os": "linux" };
const log = createLog({ write: () => {} });
let api: KubeApi;
let kube: RawKube;
let scheduler: AsyncDisposable;

beforeEach(async () => {
  api = await startKubeApi();
  kube = new RawKube(api.url);
  for (const name of ["node-0", "node-1"]) {
    await kube.call("POST", "/api/v1/nodes", { metadata: { name, labels } });
  }
  scheduler = startScheduler({ access: { server: api.url }, nodes: ["node-0", "node-1"], log });
});

afterEach(async () => {
  await scheduler[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function createPod(name: string, spec: object = {}, metadata: object = {}) {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: { containers: [{ name: "c", image: "demo" }], ...spec },
  };
  return kube.call("POST", PODS, pod);
}

async function nodeOf(name: string): Promise<string | undefined> {
  return (await kube.pod(name)).spec?.nodeName;
}

it("binds pods to the nodes in turn, and leaves alone those that chose one", async () => {
  await createPod("chosen", { nodeName: "node-1" });
  await createPod("a");
  await createPod("b", { nodeSelector: { "kubernetes.io/os": "linux" } });
  await expect.poll(() => nodeOf("a")).toBe("node-0");
  await expect.poll(() => nodeOf("b")).toBe("node-1");
  expect(await nodeOf("chosen")).toBe("node-1");
});

it("lets a pod wait that selects a node of another kind", async () => {
  await createPod("windows", { nodeSelector: { "kubernetes.io/os": "windows" } });
  await createPod("linux");
  await expect.poll(() => nodeOf("linux")).toBe("node-0");
  expect(await nodeOf("windows")).toBeUndefined();
});

it("says on a pod why it is nowhere, and places it once it fits", async () => {
  const change = (node: string, spec: object) => kube.call("PATCH", `/api/v1/nodes/${node}`, { spec });
  await change("node-0", { unschedulable: true });
  await change("node-1", { taints: [{ key: "own", value: "mine", effect: "NoSchedule" }] });
  await createPod("a");
  await createPod("tolerant", { tolerations: [{ key: "own", operator: "Exists" }] });
  await expect
    .poll(async () => (await kube.pod("a")).status?.conditions)
    .toContainEqual(
      expect.objectContaining({
        ...{ type: "PodScheduled", status: "False", reason: "Unschedulable" },
        message: "0/2 nodes are available: 1 node(s) had untolerated taint {own: mine}, 1 node(s) were unschedulable.",
      }),
    );
  await expect.poll(() => nodeOf("tolerant")).toBe("node-1");
  await change("node-0", { unschedulable: null });
  await expect.poll(() => nodeOf("a"), { timeout: 10_000 }).toBe("node-0");
});

it("puts a pod on the node that it is for, and those of one owner on several", async () => {
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }] }];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  for (const name of ["one", "two"]) await createPod(name, { affinity: { nodeAffinity: required } });
  await expect.poll(() => nodeOf("two")).toBe("node-1");
  expect(await nodeOf("one")).toBe("node-1");
  await createPod("free");
  await expect.poll(() => nodeOf("free")).toBe("node-0");
});

it("spreads the pods of an owner, even where others are, and says where each went", async () => {
  const owner = (uid: string) => ({ apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid, controller: true });
  const put = (name: string, spec: object, uid = name) => createPod(name, spec, { ownerReferences: [owner(uid)] });
  const only = (node: string) => ({ nodeSelector: { name: node } });
  for (const name of ["node-0", "node-1"]) {
    await kube.call("PATCH", `/api/v1/nodes/${name}`, { metadata: { labels: { ...labels, name } } });
  }
  for (const name of ["other-1", "other-2"]) await put(name, only("node-0"));
  await put("own-1", only("node-1"), "own");
  await expect.poll(() => nodeOf("own-1")).toBe("node-1");
  await put("own-2", {}, "own");
  await expect.poll(() => nodeOf("own-2")).toBe("node-0");
  await put("third", {});
  await expect.poll(() => nodeOf("third")).toBe("node-1");
  await expect
    .poll(async () => (await kube.call<EventList>("GET", "/api/v1/namespaces/default/events")).items)
    .toContainEqual(
      expect.objectContaining({
        ...{ type: "Normal", reason: "Scheduled", message: "Successfully assigned default/own-2 to node-0" },
        ...{ source: { component: "default-scheduler" }, reportingComponent: "default-scheduler" },
      }),
    );
});

it("takes a pod off a node that it does not tolerate any more, and leaves those that do", async () => {
  const tolerations = [{ key: "own", operator: "Exists", effect: "NoExecute" }];
  await createPod("tolerant", { nodeName: "node-0", tolerations });
  await createPod("other", { nodeName: "node-0" });
  await createPod("elsewhere", { nodeName: "node-1" });
  await kube.call("PATCH", "/api/v1/nodes/node-0", { spec: { taints: [{ key: "own", effect: "NoExecute" }] } });
  const end = async (name: string) => (await kube.pod(name)).metadata?.deletionTimestamp;
  await expect.poll(() => end("other"), { timeout: 10_000 }).toBeDefined();
  expect([await end("tolerant"), await end("elsewhere")]).toEqual([undefined, undefined]);
  await expect
    .poll(async () => (await kube.call<EventList>("GET", "/api/v1/namespaces/default/events")).items)
    .toMatchObject([{ reason: "TaintManagerEviction", message: "Marking for deletion Pod default/other" }]);
});

it("goes on after the API server cut its connections", async () => {
  await createPod("a");
  await expect.poll(() => nodeOf("a")).toBe("node-0");
  api.disconnect();
  await createPod("b");
  await expect.poll(() => nodeOf("b"), { timeout: 10_000 }).toBe("node-1");
});
