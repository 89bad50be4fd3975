import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { pidOf, RawKube } from "../../../test/support/kube/raw-kube.ts";
import { isRunning } from "../../../test/support/processes.ts";
import { startTestNode, type TestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";
import { takeAddresses } from "./addresses.ts";

vi.setConfig({ testTimeout: 60_000 });

const FOREVER = "setInterval(() => {}, 1000);";
const STUBBORN = `process.on("SIGTERM", () => {}); ${FOREVER} console.log("ready");`;

let api: KubeApi;
let kube: RawKube;
let node: TestNode;
let stack: AsyncDisposableStack;
/** Called with each address that a pod gives back. */
let released: (address: string) => void;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  released = () => {};
  api = stack.use(await startKubeApi());
  kube = new RawKube(api.url);
  const pool = stack.use(await takeAddresses());
  const release = (address: string) => {
    released(address);
    pool.release(address);
  };
  node = stack.use(await startTestNode(api.url, { addresses: { ...pool, release } }));
});
afterEach(() => stack.disposeAsync());

it("kills after the grace period, then takes the pod out of the API, then gives the address back", async () => {
  await kube.createPod("stubborn", STUBBORN, { terminationGracePeriodSeconds: 1 });
  const pod = await kube.running("stubborn");
  await eventually(() => readFile(node.kubelet.logOf("default", "stubborn") ?? "", "utf8")).toBe("ready\n");
  const last = Promise.withResolvers<{ address: string; alive: boolean; there: boolean }>();
  released = (address) => {
    const alive = isRunning(pidOf(pod));
    void kube.pod("stubborn").then(({ code }) => last.resolve({ address, alive, there: code !== 404 }));
  };

  const deletedAt = performance.now();
  expect(await kube.deletePod("stubborn")).toMatchObject({ metadata: { deletionGracePeriodSeconds: 1 } });
  await eventually(async () => (await kube.pod("stubborn")).code).toBe(404);
  expect(isRunning(pidOf(pod))).toBe(false);
  expect(performance.now() - deletedAt).toBeGreaterThan(900);
  expect(await last.promise).toEqual({ address: pod.status?.podIP, alive: false, there: false });
});

it.each(["the pod is deleted", "the node ends"])("leaves no process in a session of its own when %s", async (end) => {
  const script = `
    const { spawn } = require("node:child_process");
    console.log(spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).pid);
    ${FOREVER}`;
  await kube.createPod("left", script, { terminationGracePeriodSeconds: 1 });
  await kube.running("left");
  const log = () => readFile(node.kubelet.logOf("default", "left") ?? "", "utf8");
  await eventually(log).toMatch(/\d+\n/);
  const child = Number(await log());
  expect(isRunning(child)).toBe(true);

  if (end === "the node ends") await node[Symbol.asyncDispose]();
  else await kube.deletePod("left");
  await eventually(() => isRunning(child)).toBe(false);
});

it("without grace takes the pod out of the API at once, and its process and address soon after", async () => {
  const back = new Promise<string>((resolve) => {
    released = resolve;
  });
  await kube.createPod("forced", FOREVER);
  const pod = await kube.running("forced");
  await kube.deletePod("forced", { gracePeriodSeconds: 0 });
  expect((await kube.pod("forced")).code).toBe(404);
  expect(await back).toBe(pod.status?.podIP);
  expect(isRunning(pidOf(pod))).toBe(false);
});

it("takes out a pod that was deleted before it ran, and one that nothing runs of any more", async () => {
  await kube.createPod("done", "", { restartPolicy: "Never" });
  await eventually(async () => (await kube.pod("done")).status?.phase).toBe("Succeeded");
  await kube.createPod("brief", FOREVER);
  await Promise.all([kube.deletePod("brief"), kube.deletePod("done", { gracePeriodSeconds: 30 })]);
  await eventually(async () => [(await kube.pod("done")).code, (await kube.pod("brief")).code]).toEqual([404, 404]);
});

it("ends what was deleted while it could not watch", async () => {
  await kube.createPod("unseen", FOREVER);
  const pod = await kube.running("unseen");

  api.dropNext({ verb: "list", resource: "pods" }, Number.POSITIVE_INFINITY);
  api.disconnect();
  await kube.deletePod("unseen", { gracePeriodSeconds: 0 });
  api.compact();
  api.calm();
  await eventually(() => isRunning(pidOf(pod))).toBe(false);
});
