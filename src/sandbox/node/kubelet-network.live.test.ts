import type { EventList, Node } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { containerOf, pidOf, RawKube } from "../../../test/support/kube/raw-kube.ts";
import { isRunning } from "../../../test/support/processes.ts";
import { startTestNode } from "../../../test/support/sandbox-node.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { createLog } from "../../base/log.ts";
import { type KubeApi, startKubeApi } from "../kube-api/server.ts";
import { machineEntry, type NodeNetwork } from "./pod-network.ts";

vi.setConfig({ testTimeout: 60_000 });

const FOREVER = "console.log(process.env.NETWORK); setInterval(() => {}, 1000);";

/** Networks that can be lost, and are counted. */
class Networks implements NodeNetwork {
  readonly own = machineEntry;
  readonly #node = Promise.withResolvers<string>();
  readonly #pods: PromiseWithResolvers<void>[] = [];
  /** How many there are now. */
  there = 0;

  get lost(): Promise<string> {
    return this.#node.promise;
  }

  async attach() {
    const gone = Promise.withResolvers<void>();
    this.there += 1;
    this.#pods.push(gone);
    const variables = { NETWORK: `${this.#pods.length}` };
    const leave = async () => {
      this.there -= 1;
    };
    return { ...machineEntry, variables, lost: gone.promise, [Symbol.asyncDispose]: leave };
  }

  /** The newest pod's network is gone. */
  losePod(): void {
    this.#pods.at(-1)?.resolve();
  }

  loseNode(): void {
    this.#node.resolve("the process 7, which kept the network of the node,");
  }
}

let api: KubeApi;
let kube: RawKube;
let networks: Networks;
let stack: AsyncDisposableStack;
let logged: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  api = stack.use(await startKubeApi());
  kube = new RawKube(api.url);
  networks = new Networks();
  logged = [];
  const log = createLog({ write: (line) => void logged.push(line) });
  stack.use(await startTestNode(api.url, { network: networks, log }));
});
afterEach(() => stack.disposeAsync());

async function told(): Promise<readonly string[]> {
  const { items } = await kube.call<EventList>("GET", "/api/v1/namespaces/default/events");
  return items.map(({ reason, message }) => `${reason} ${message}`);
}

it("starts a pod again in a new network when its own is gone, and says so", async () => {
  await kube.createPod("pod", FOREVER);
  const before = await kube.running("pod");
  networks.losePod();
  await eventually(async () => containerOf(await kube.pod("pod"))).toMatchObject({
    ...{ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 143 } } },
  });
  expect(isRunning(pidOf(before))).toBe(false);
  expect(networks.there).toBe(1);
  await eventually(told).toContain("SandboxChanged Pod sandbox changed, it will be killed and re-created.");
  await kube.deletePod("pod");
  await eventually(() => networks.there).toBe(0);
});

it("has a pod failed that may not be started again", async () => {
  await kube.createPod("pod", FOREVER, { restartPolicy: "Never" });
  await kube.running("pod");
  networks.losePod();
  await eventually(async () => (await kube.pod("pod")).status?.phase).toBe("Failed");
});

it("has the node not ready when the network of the node is gone, and says so", async () => {
  networks.loseNode();
  const node = () => kube.call<Node>("GET", "/api/v1/nodes/node-0");
  const message =
    "the process 7, which kept the network of the node, has ended: nothing can be started on the node any more";
  await eventually(async () => (await node()).status?.conditions).toMatchObject([
    { type: "Ready", status: "False", reason: "KubeletNotReady", message },
  ]);
  await eventually(async () => (await node()).spec?.taints).toEqual([
    { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
  ]);
  await eventually(told).toContain("NodeNotReady Node node-0 status is now: NodeNotReady");
  expect(logged.join("\n")).toContain(message);
});
