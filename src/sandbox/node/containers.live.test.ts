import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import type { Container, EventList, Pod, PodSpec, Probe } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RawKube } from "../../../test/support/kube/raw-kube.ts";
import { startTestNode, type TestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";

vi.setConfig({ testTimeout: 60_000 });

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  await using server = createServer().listen(0);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const FOREVER = "setInterval(() => {}, 1000);";

let api: KubeApi;
let kube: RawKube;
let node: TestNode;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  api = stack.use(await startKubeApi());
  kube = new RawKube(api.url);
  node = stack.use(await startTestNode(api.url));
});
afterEach(() => stack.disposeAsync());

const script = (name: string, code: string, more: Partial<Container> = {}): Container => ({
  ...{ name, image: "script:1", args: [code] },
  ...more,
});
const make = (spec: PodSpec) => kube.createPod("pod", "", spec);
const status = async () => (await kube.pod("pod")).status ?? {};
const isReady = async () => (await status()).conditions?.find(({ type }) => type === "Ready")?.status === "True";
const logOf = (container: string) =>
  readFile(node.kubelet.logOf("default", "pod", container) ?? "", "utf8").catch(() => "");
const every = (probe: Partial<Probe>): Probe => ({ periodSeconds: 1, ...probe });
const volumes = [{ name: "shared", emptyDir: {} }];
const mounted = { volumeMounts: [{ name: "shared", mountPath: "/srv/here" }] };
const say = (text: string) => `require("node:fs").appendFileSync("/srv/here/said", "${text} ");`;

it("prepares itself step by step before its containers start, side by side", async () => {
  await make({
    volumes,
    initContainers: [script("first", say("first"), mounted), script("second", say("second"), mounted)],
    containers: [
      script("main", `console.log(require("node:fs").readFileSync("/srv/here/said", "utf8")); ${FOREVER}`, mounted),
      script("side", `console.log("beside"); ${FOREVER}`),
    ],
  });
  await eventually(isReady).toBe(true);
  await eventually(() => logOf("main")).toBe("first second \n");
  await eventually(() => logOf("side")).toBe("beside\n");
  expect(await status()).toMatchObject({
    phase: "Running",
    initContainerStatuses: [{ name: "first", ready: true, state: { terminated: { exitCode: 0 } } }, { name: "second" }],
    containerStatuses: [{ name: "main" }, { name: "side" }],
  });
});

it("runs beside its containers what prepares it and stays, and ends it after them", async () => {
  const beside = `process.on("SIGTERM", () => { console.log("ended"); process.exit(); }); ${say("beside")} ${FOREVER}`;
  const main = `const fs = require("node:fs"); console.log(fs.readFileSync("/srv/here/said", "utf8"));`;
  const prompt = { command: ["/bin/sh", "-c", "test -e /srv/here/said"] };
  await make({
    ...{ volumes, restartPolicy: "Never" },
    initContainers: [
      script("beside", beside, { ...mounted, restartPolicy: "Always", startupProbe: every({ exec: prompt }) }),
      script("first", say("first"), mounted),
    ],
    containers: [script("main", main, mounted)],
  });
  await eventually(async () => (await status()).phase).toBe("Succeeded");
  expect(await logOf("main")).toBe("beside first \n");
  expect(await logOf("beside")).toBe("ended\n");
  expect(await status()).toMatchObject({
    initContainerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 0 } } }, { ready: true }],
  });
});

it("fails when a step fails and may not be tried again, and starts nothing more", async () => {
  await make({
    restartPolicy: "Never",
    initContainers: [script("first", "process.exit(3)"), script("second", "")],
    containers: [script("main", "")],
  });
  await eventually(async () => (await status()).phase).toBe("Failed");
  expect(await status()).toMatchObject({
    initContainerStatuses: [{ state: { terminated: { exitCode: 3 } } }, { state: { waiting: {} } }],
    containerStatuses: [{ state: { waiting: { reason: "PodInitializing" } } }],
  });
});

it("tries a step again that failed", async () => {
  const once = `const fs = require("node:fs"); const file = "/srv/here/tried"; if (!fs.existsSync(file)) { fs.writeFileSync(file, ""); process.exit(1); }`;
  await make({ volumes, initContainers: [script("first", once, mounted)], containers: [script("main", FOREVER)] });
  await eventually(isReady).toBe(true);
  expect(await status()).toMatchObject({ initContainerStatuses: [{ restartCount: 1 }] });
});

it("is done when all of its containers are", async () => {
  await make({ restartPolicy: "Never", containers: [script("main", ""), script("side", "")] });
  await eventually(async () => (await status()).phase).toBe("Succeeded");
});

it("is ready while its probe says so, by its own port", async () => {
  const serve = `
    let status = 503;
    require("node:http").createServer((request, response) => {
      if (request.method === "POST") status = Number(request.url.slice(1));
      response.writeHead(status).end("so");
    }).listen(0, function () { require("node:fs").writeFileSync("/srv/here/port", String(this.address().port)); });`;
  const url = async () => `http://${(await status()).podIP}:${await port()}`;
  const folder = () => node.folder;
  const port = async () => {
    const { uid } = (await kube.pod("pod")).metadata ?? {};
    return Number(await readFile(`${folder()}/pods/${uid}/shared/port`, "utf8").catch(() => ""));
  };
  // The port is known only now: the probe asks a program that knows it.
  const ask = `fetch("http://127.0.0.1:" + require("node:fs").readFileSync("/srv/here/port", "utf8")).then(({ ok }) => process.exit(ok ? 0 : 1))`;
  const readinessProbe = every({
    exec: { command: [process.execPath, "-e", ask] },
    failureThreshold: 1,
    timeoutSeconds: 20,
  });
  await make({ volumes, containers: [script("main", serve, { ...mounted, readinessProbe })] });
  await eventually(port).toBeGreaterThan(0);
  expect(await isReady()).toBe(false);
  await fetch(`${await url()}/200`, { method: "POST" });
  await eventually(isReady).toBe(true);
  await fetch(`${await url()}/500`, { method: "POST" });
  await eventually(isReady).toBe(false);
});

it.each([
  { kind: "a request", probe: (port: number): Probe => ({ httpGet: { path: "/x", port: port as never } }) },
  { kind: "a connection", probe: (port: number): Probe => ({ tcpSocket: { port: port as never } }) },
])("is asked by $kind", async ({ probe }) => {
  const port = await freePort();
  const serve = `require("node:http").createServer((request, response) => response.writeHead(request.url === "/x" ? 200 : 404).end()).listen(${port}, process.env.IP);`;
  const env = [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }];
  await make({ containers: [script("main", serve, { env, readinessProbe: every(probe(port)) })] });
  await eventually(isReady).toBe(true);
});

it("is started again when a probe finds it dead, and says so", async () => {
  const command = ["/bin/sh", "-c", "echo no pulse; exit 1"];
  const livenessProbe = every({ exec: { command }, failureThreshold: 1 });
  await make({ containers: [script("main", FOREVER, { livenessProbe })] });
  await eventually(async () => (await status()).containerStatuses?.[0]?.restartCount ?? 0).toBeGreaterThan(0);
  const told = async () => {
    const { items } = await kube.call<EventList>("GET", "/api/v1/namespaces/default/events");
    return items.map(({ reason, message }) => `${reason} ${message}`);
  };
  await eventually(told).toContain("Unhealthy Liveness probe failed: no pulse");
  await eventually(told).toContain("Killing Container main failed liveness probe, will be restarted");
});

it("is asked again after it was started again", async () => {
  const first = `const fs = require("node:fs"); if (!fs.existsSync("/srv/here/went")) setInterval(() => { if (fs.existsSync("/srv/here/go")) { fs.writeFileSync("/srv/here/went", ""); process.exit(); } }, 10); ${FOREVER}`;
  const exec = { command: ["/bin/sh", "-c", "touch /srv/here/go"] }; // what ends the first run, and holds in both
  await make({ volumes, containers: [script("main", first, { ...mounted, readinessProbe: every({ exec }) })] });
  await eventually(async () => (await status()).containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
});

it("is asked nothing else before it has started", async () => {
  // Both hold from the start on; whoever asked the second one before would end the container at once.
  const exec = { command: ["/bin/sh", "-c", "test -e /srv/here/started"] };
  const probes = {
    startupProbe: every({ exec, failureThreshold: 100 }),
    livenessProbe: every({ exec, failureThreshold: 1 }),
  };
  const late = `setTimeout(() => { require("node:fs").writeFileSync("/srv/here/started", ""); console.log("up"); }, 1500); ${FOREVER}`;
  await make({ volumes, containers: [script("main", late, { ...mounted, ...probes })] });
  await eventually(() => logOf("main")).toBe("up\n");
  const container = async () => (await status()).containerStatuses?.[0];
  await eventually(async () => (await container())?.started).toBe(true);
  expect((await container())?.restartCount).toBe(0);
});

it("waits for what it needs, and goes on once that is there", async () => {
  const env = [{ name: "WORD", valueFrom: { configMapKeyRef: { name: "words", key: "word" } } }];
  await make({ containers: [script("main", `console.log(process.env.WORD); ${FOREVER}`, { env })] });
  await eventually(async () => (await status()).containerStatuses?.[0]?.state?.waiting).toEqual({
    ...{ reason: "CreateContainerConfigError", message: 'configmap "words" not found' },
  });
  await kube.call<Pod>("POST", "/api/v1/namespaces/default/configmaps", {
    metadata: { name: "words" },
    data: { word: "yes" },
  });
  await eventually(() => logOf("main")).toBe("yes\n");
});
