import type { Event, EventList, Pod } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { containerOf, RawKube } from "../../../test/support/kube/raw-kube.ts";
import { startTestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";

vi.setConfig({ testTimeout: 60_000 });

const FOREVER = "setInterval(() => {}, 1000);";
const EVENTS = "/api/v1/namespaces/default/events";

let api: KubeApi;
let kube: RawKube;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  api = stack.use(await startKubeApi());
  kube = new RawKube(api.url);
  const restarts = { firstMs: 300, maxMs: 300, steadyMs: 600_000 };
  stack.use(await startTestNode(api.url, { restarts }));
});
afterEach(() => stack.disposeAsync());

async function eventsOf(name: string): Promise<readonly Event[]> {
  const { items } = await kube.call<EventList>("GET", `${EVENTS}?fieldSelector=involvedObject.name=${name}`);
  return items;
}

/** Each event as `kubectl get events` has it, without its time. */
async function toldOf(name: string): Promise<readonly string[]> {
  return (await eventsOf(name)).map(({ type, reason, message }) => `${type} ${reason} ${message}`);
}

const make = (spec: Parameters<RawKube["createPod"]>[2], script = FOREVER) => kube.createPod("pod", script, spec);
const waitingOf = (pod: Pod) => containerOf(pod)?.state?.waiting;

it("tell of a pod what a kubelet tells, from its start to its end", async () => {
  await make({});
  await kube.running("pod");
  await kube.deletePod("pod");
  await eventually(() => toldOf("pod")).toEqual([
    'Normal Pulled Container image "script:1" already present on machine',
    "Normal Created Created container: main",
    "Normal Started Started container main",
    "Normal Killing Stopping container main",
  ]);
  expect((await eventsOf("pod"))[0]).toMatchObject({
    involvedObject: { kind: "Pod", fieldPath: "spec.containers{main}" },
    ...{ count: 1, source: { component: "kubelet", host: "node-0" } },
    ...{ reportingComponent: "kubelet", reportingInstance: "node-0" },
  });
});

it("tell that a container keeps failing, and count what happens again", async () => {
  const { metadata } = await make({}, "process.exit(1)");
  const counted = async (reason: string) => (await eventsOf("pod")).find((each) => each.reason === reason);
  await eventually(async () => (await counted("BackOff"))?.count ?? 0).toBeGreaterThan(1);
  expect(await counted("BackOff")).toMatchObject({
    type: "Warning",
    message: `Back-off restarting failed container main in pod pod_default(${metadata?.uid})`,
  });
  expect((await counted("Started"))?.count).toBeGreaterThan(2);
  expect((await eventsOf("pod")).length).toBe(4);
});

it("tell that a container's program is not there, as does the status", async () => {
  await make({ containers: [{ name: "main", image: "script:1", command: ["no-such-program"] }] });
  const why = 'exec: "no-such-program": executable file not found in $PATH';
  await eventually(async () => containerOf(await kube.pod("pod"))?.restartCount ?? 0).toBeGreaterThan(0);
  expect(containerOf(await kube.pod("pod"))?.lastState?.terminated).toMatchObject({
    ...{ exitCode: 128, reason: "StartError", message: why, startedAt: "1970-01-01T00:00:00Z" },
  });
  expect(await toldOf("pod")).toContain(`Warning Failed Error: ${why}`);
  expect(await toldOf("pod")).not.toContain("Normal Started Started container main");
});

it("tell of an image that is not there, as does the status", async () => {
  await make({ image: "nginx:1.27" });
  const why = 'the sandbox has no image "nginx": use one of script';
  await eventually(async () => waitingOf(await kube.pod("pod"))).toEqual({
    reason: "ImagePullBackOff",
    message: `Back-off pulling image "nginx:1.27": ErrImagePull: ${why}`,
  });
  await eventually(() => toldOf("pod")).toEqual([
    'Normal Pulling Pulling image "nginx:1.27"',
    `Warning Failed Failed to pull image "nginx:1.27": ${why}`,
    "Warning Failed Error: ErrImagePull",
    'Normal BackOff Back-off pulling image "nginx:1.27"',
    "Warning Failed Error: ImagePullBackOff",
  ]);
});

it("tell what a pod waits for: a volume, a value, or somebody who asks for less", async () => {
  await make({ volumes: [{ name: "words", configMap: { name: "none" } }] });
  await eventually(async () => waitingOf(await kube.pod("pod"))).toEqual({
    ...{ reason: "ContainerCreating", message: 'configmap "none" not found' },
  });
  await eventually(() => toldOf("pod")).toEqual([
    'Warning FailedMount MountVolume.SetUp failed for volume "words" : configmap "none" not found',
  ]);
  const root = { runAsNonRoot: true, runAsUser: 0 };
  const { metadata } = await kube.createPod("root", FOREVER, { securityContext: root });
  const refused = `container's runAsUser breaks non-root policy (pod: "root_default(${metadata?.uid})", container: main)`;
  await eventually(() => toldOf("root")).toContain(`Warning Failed Error: ${refused}`);
  expect(waitingOf(await kube.pod("root"))).toEqual({ reason: "CreateContainerConfigError", message: refused });
});

it("tell that a pod was active for too long, as does its status", async () => {
  await make({ activeDeadlineSeconds: 1 });
  const message = "Pod was active on the node longer than the specified deadline";
  await eventually(async () => (await kube.pod("pod")).status).toMatchObject({
    ...{ phase: "Failed", reason: "DeadlineExceeded", message },
    containerStatuses: [{ state: { terminated: { exitCode: 143 } } }],
  });
  expect(await toldOf("pod")).toContain(`Normal DeadlineExceeded ${message}`);
});

it("tell what a pod asks for that is not carried out", async () => {
  const lifecycle = { preStop: { exec: { command: ["/bin/true"] } } };
  await make({ containers: [{ name: "main", image: "script:1", args: [FOREVER], lifecycle }] });
  await kube.running("pod");
  const what = "spec.containers{main}.lifecycle.preStop: it is not called";
  await eventually(() => toldOf("pod")).toContain(`Warning NotInSandbox the sandbox does not carry out ${what}`);
});

it("tell that the node is ready", async () => {
  await eventually(() => toldOf("node-0")).toEqual(["Normal NodeReady Node node-0 status is now: NodeReady"]);
});
