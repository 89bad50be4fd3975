import { afterEach, beforeEach, expect, it } from "vitest";
import { RawKube } from "../../../test/support/raw-kube.ts";
import { createLog } from "../../base/log.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";
import { startScheduler } from "./scheduler.ts";

const PODS = "/api/v1/namespaces/default/pods";
const log = createLog({ write: () => {} });
let api: KubeApi;
let kube: RawKube;
let scheduler: AsyncDisposable;

beforeEach(async () => {
  api = await startKubeApi();
  kube = new RawKube(api.url);
  for (const name of ["node-0", "node-1"]) {
    await kube.call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
  }
  scheduler = startScheduler({ access: { server: api.url }, nodes: ["node-0", "node-1"], log });
});

afterEach(async () => {
  await scheduler[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function createPod(name: string, spec: object = {}) {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
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

it("goes on after the API server cut its connections", async () => {
  await createPod("a");
  await expect.poll(() => nodeOf("a")).toBe("node-0");
  api.disconnect();
  await createPod("b");
  await expect.poll(() => nodeOf("b"), { timeout: 10_000 }).toBe("node-1");
});
