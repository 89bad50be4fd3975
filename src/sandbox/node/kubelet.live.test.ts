import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { release } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { containerOf, pidOf, RawKube } from "../../../test/support/kube/raw-kube.ts";
import { isRunning } from "../../../test/support/processes.ts";
import { startTestNode, type TestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";
import { forwarders } from "../network/forwarders.ts";
import type { KubeletOptions } from "./kubelet.ts";

vi.setConfig({ testTimeout: 60_000 });

const FOREVER = "setInterval(() => {}, 1000);";
const STUBBORN = `process.on("SIGTERM", () => {}); ${FOREVER} console.log("ready");`;

const ARCH = process.arch === "x64" ? "amd64" : process.arch;
const OWN_LABELS = {
  ...{ "kubernetes.io/os": "linux", "kubernetes.io/arch": ARCH, "kubernetes.io/hostname": "node-0" },
};

let api: KubeApi;
let kube: RawKube;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  api = stack.use(await startKubeApi());
  kube = new RawKube(api.url);
});
afterEach(() => stack.disposeAsync());

const start = async (over: Partial<KubeletOptions> = {}) => stack.use(await startTestNode(api.url, over));
const logOf = ({ kubelet }: TestNode, pod: string) => readFile(kubelet.logOf("default", pod) ?? "", "utf8");
const printed = (node: TestNode, pod: string) => eventually(() => logOf(node, pod).catch(() => ""));

describe("the node", () => {
  it("is registered with its machine, and brought up to date when it is there already", async () => {
    const taints = [
      { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
      { key: "own", effect: "NoSchedule" },
    ];
    const stale = { metadata: { name: "node-0", labels: { own: "kept" } }, spec: { taints } };
    await kube.call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", ...stale });
    const { address } = await start();

    expect(await kube.get("/api/v1/nodes/node-0")).toMatchObject({
      metadata: { labels: { ...OWN_LABELS, own: "kept" } },
      spec: { providerID: "azure:///subscriptions/s/vm-0", taints: [{ key: "own" }] },
      status: {
        addresses: expect.arrayContaining([{ type: "InternalIP", address }]),
        conditions: [{ type: "Ready", status: "True" }],
        nodeInfo: {
          ...{ operatingSystem: "linux", architecture: ARCH, kernelVersion: release() },
          ...{ kubeletVersion: expect.stringMatching(/^v1\.\d+\./), containerRuntimeVersion: "process://dev" },
        },
      },
    });
  });

  it("says in one sentence that there is no API server", async () => {
    await api[Symbol.asyncDispose]();
    await expect(start()).rejects.toThrow(/^the Kubernetes API server at http:.* does not answer \(.*\): check/);
  });
});

describe("a pod", () => {
  it("runs at an address of its own, with its variables and arguments, and its log is kept", async () => {
    const node = await start({ environment: () => ({ SHARED: "by the node" }) });
    const env = [
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "WHERE", value: "$(IP) $(SHARED)" },
    ];
    const args = [`console.log(process.env.WHERE, process.argv[1]); ${FOREVER}`, "on $(NODE_NAME) $(IP)"];
    await kube.createPod("demo", "", { containers: [{ name: "main", image: "registry/script:1", args, env }] });

    const { status } = await kube.running("demo");
    expect(status).toMatchObject({ phase: "Running", hostIP: node.address, podIP: expect.stringMatching(/^127\./) });
    expect(status?.podIP).not.toBe(node.address);
    await printed(node, "demo").toBe(`${status?.podIP} by the node on $(NODE_NAME) ${status?.podIP}\n`);
  });

  it.each([
    { code: 0, restartPolicy: "Never", phase: "Succeeded" },
    { code: 3, restartPolicy: "Never", phase: "Failed" },
    { code: 0, restartPolicy: "OnFailure", phase: "Succeeded" },
  ])("that ends with $code under $restartPolicy is $phase", async ({ code, restartPolicy, phase }) => {
    await start();
    await kube.createPod("job", `process.exit(${code})`, { restartPolicy });
    await eventually(async () => (await kube.pod("job")).status?.phase).toBe(phase);
    expect(containerOf(await kube.pod("job"))?.state?.terminated?.exitCode).toBe(code);
  });

  it("that keeps failing is started again after growing pauses", async () => {
    const clock = new FakeClock();
    const node = await start({ clock });
    await kube.createPod("failing", `console.log("try"); process.exit(1)`, { restartPolicy: "OnFailure" });

    await clock.asleep(); // it was started again at once
    expect(await logOf(node, "failing")).toBe("try\ntry\n");
    const { uid } = (await kube.pod("failing")).metadata ?? {};
    const message = `back-off 10s restarting failed container=main pod=failing_default(${uid})`;
    await eventually(async () => containerOf(await kube.pod("failing"))).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: "CrashLoopBackOff", message } },
      lastState: { terminated: { exitCode: 1 } },
    });
    clock.advance(9_999);
    expect(clock.asleepFor).toEqual([10_000]);
    clock.advance(1);
    await clock.asleep();
    expect(clock.asleepFor).toEqual([20_000]);
    expect(await logOf(node, "failing")).toBe("try\ntry\ntry\n");
  });

  it("that ran for more than ten minutes is started again at once", async () => {
    const clock = new FakeClock();
    await start({ clock });
    await kube.createPod("steady", FOREVER);
    for (const restartCount of [1, 2]) {
      const pod = await kube.running("steady");
      clock.advance(600_001);
      process.kill(pidOf(pod), "SIGKILL");
      await eventually(async () => containerOf(await kube.pod("steady"))).toMatchObject({ restartCount, ready: true });
    }
  });

  it("of an unknown image waits, says which are known, and can be deleted", async () => {
    await start();
    await kube.createPod("web", "", { image: "nginx:1.27" });
    await eventually(async () => containerOf(await kube.pod("web"))?.state?.waiting).toEqual({
      reason: "ErrImagePull",
      message: 'the sandbox has no image "nginx": use one of script',
    });
    expect((await kube.pod("web")).status?.phase).toBe("Pending");
    await kube.deletePod("web");
    await eventually(async () => (await kube.pod("web")).code).toBe(404);
  });

  it("gets a new log when another had its name, and its log can be followed to the end", async () => {
    const node = await start();
    await kube.createPod("demo", `console.log("old")`, { restartPolicy: "Never" });
    await printed(node, "demo").toBe("old\n");
    await kube.deletePod("demo");
    await eventually(async () => (await kube.pod("demo")).code).toBe(404);

    await kube.createPod(
      "demo",
      `process.on("SIGTERM", () => { console.log("last"); process.exit(); }); ${FOREVER} console.log("new");`,
    );
    await kube.running("demo");
    let followed = "";
    for await (const text of node.kubelet.followLog("default", "demo", "", AbortSignal.timeout(50_000))) {
      followed += text;
      if (followed === "new\n") await kube.deletePod("demo");
    }
    expect(followed).toBe("new\nlast\n");
  });
});

describe("requests for the metadata address", () => {
  const ask = `
    const url = process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
    fetch(url).then((response) => response.text()).then((answer) => console.log(answer, url));
    ${FOREVER}`;

  it("come from the pod's address, and stop with the pod", async () => {
    const server = createServer((request, response) => response.end(request.socket.remoteAddress));
    stack.defer(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const node = await start({
      network: forwarders({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }),
    });
    await kube.createPod("asking", ask);
    const { status } = await kube.running("asking");
    await printed(node, "asking").toMatch(/\n/);
    const [answer, url = ""] = (await logOf(node, "asking")).trim().split(" ");
    expect(answer).toBe(status?.podIP);
    expect(url).toContain(`http://${status?.podIP}:`);

    await kube.deletePod("asking");
    await eventually(async () => (await kube.pod("asking")).code).toBe(404);
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });

  it("of a pod on the host's network are its own: it has the node's address and no forwarder", async () => {
    const node = await start({ network: forwarders({ host: "127.0.0.1", port: 9 }) });
    await kube.createPod("host", `console.log(typeof process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST); ${FOREVER}`, {
      hostNetwork: true,
    });
    expect((await kube.running("host")).status?.podIP).toBe(node.address);
    await printed(node, "host").toBe("undefined\n");
  });
});

it("goes on while the API server is away, and catches up when it is back", async () => {
  await start();
  await kube.createPod("steady", FOREVER);
  await kube.createPod("ends", FOREVER, { restartPolicy: "Never" });
  const [steady, ends] = [await kube.running("steady"), await kube.running("ends")];

  api.dropNext({}, Number.POSITIVE_INFINITY);
  api.disconnect();
  process.kill(pidOf(ends), "SIGTERM");
  await eventually(() => isRunning(pidOf(ends))).toBe(false);
  api.calm();

  await eventually(async () => (await kube.pod("ends")).status?.phase).toBe("Failed");
  await kube.createPod("late", FOREVER);
  await kube.running("late");
  expect(await kube.pod("steady")).toEqual(steady);
  expect(isRunning(pidOf(steady))).toBe(true);
});

it("leaves neither process nor file when it is disposed of", async () => {
  const { folder, ...node } = await startTestNode(api.url);
  await kube.createPod("stubborn", STUBBORN);
  const pid = pidOf(await kube.running("stubborn"));
  await node[Symbol.asyncDispose]();
  expect(isRunning(pid)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});
