import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Node, NodeCondition, Pod } from "kubernetes-types/core/v1.d.ts";
import { type Clock, realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { type KubeAccess, NodeApi } from "./api.ts";
import { kubeTime } from "./container-life.ts";
import { followLog, logFileOf } from "./log-file.ts";
import { nodeInfo, nodeLabels } from "./node-facts.ts";
import type { PodHost } from "./pod-host.ts";
import { PodKeeper } from "./pod-keeper.ts";
import { machineEntry } from "./pod-network.ts";
import { Prober } from "./prober.ts";
import { EventRecorder, nodeReference, podReference } from "./recorder.ts";
import { KUBELET_TIMES, type RestartTimes } from "./restart-pauses.ts";

const GOODBYE_MS = 2_000;

export type KubeletOptions = Omit<PodHost, "node" | "clock" | "prober" | "sources" | "tell" | "restarts"> & {
  readonly access: KubeAccess;
  readonly node: {
    readonly name: string;
    readonly providerId: string;
    readonly address: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly log: Log;
  readonly clock?: Clock;
  /** When containers that have ended are started again; as a real kubelet by itself. */
  readonly restarts?: RestartTimes;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
};

/**
 * Stands in for a node: registers it and runs the pods that are bound to it as processes of this machine. Disposing
 * ends them all; what the API server knows of them stays as it is. @throws Fault when the API server cannot be reached
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const {
    access,
    node,
    log,
    clock = realClock,
    restarts = KUBELET_TIMES,
    signal = new AbortController().signal,
    ...shared
  } = options;
  const api = new NodeApi(access, node.name);
  try {
    await mkdir(join(options.folder, "logs"), { recursive: true });
    await api.writeNode(nodeObject(node, clock), signal);
  } catch (reason) {
    await api[Symbol.asyncDispose]();
    throw reason;
  }
  const prober = new Prober(shared.network?.own ?? machineEntry, shared.guard);
  const sources = {
    keyValues: api.keyValues.bind(api),
    requestToken: api.requestToken.bind(api),
  };
  const recorder = new EventRecorder({ api, clock, component: "kubelet", host: node.name });
  const tell: PodHost["tell"] = (pod, told, container) => recorder.tell(podReference(pod, container), told);
  return new Kubelet(api, { ...shared, node, clock, prober, sources, restarts, tell, recorder }, log.named("kubelet"));
}

type Host = PodHost & { readonly prober: Prober; readonly recorder: EventRecorder };

/** A running stand-in kubelet. */
export class Kubelet implements AsyncDisposable {
  readonly #api: NodeApi;
  readonly #host: Host;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #keepers = new Map<string, PodKeeper>();
  /** The newest pod of each namespace and name, its log stays after its end. */
  readonly #logs = new Map<string, { readonly files: ReadonlyMap<string, string>; readonly keeper: PodKeeper }>();
  readonly #watching: Promise<void>;
  #isAway = false;

  constructor(api: NodeApi, host: Host, log: Log) {
    this.#api = api;
    this.#host = host;
    this.#log = log;
    this.#watching = this.#watch();
    this.#tellState("NodeReady");
    void host.network?.lost?.then((what) => this.#loseNetwork(what));
  }

  /** The file that holds what a pod's container printed, stays after its end; nothing for a pod never seen. */
  logOf(namespace: string, pod: string, container = ""): string | undefined {
    const files = this.#logs.get(`${namespace}/${pod}`)?.files;
    return container === "" ? files?.values().next().value : files?.get(container);
  }

  /** What a container printed and prints, until nothing of the pod runs. Ends at once for a pod never seen. */
  async *followLog(namespace: string, pod: string, container: string, signal: AbortSignal): AsyncGenerator<string> {
    const file = this.logOf(namespace, pod, container);
    const keeper = this.#logs.get(`${namespace}/${pod}`)?.keeper;
    if (file === undefined || keeper === undefined) return;
    yield* followLog({ file, isOver: () => keeper.isOver, clock: this.#host.clock, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
    await this.#host.prober[Symbol.asyncDispose]();
    await this.#host.recorder[Symbol.asyncDispose]();
    await this.#api.removeNode(AbortSignal.timeout(GOODBYE_MS)).catch((reason) => {
      this.#log.warn("the node stays registered", { reason: Fault.from(reason).message });
    });
    await this.#api[Symbol.asyncDispose]();
  }

  /** Each round reads the whole list first, so that nothing depends on having seen an event. */
  async #watch(): Promise<void> {
    const { clock } = this.#host;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { items, metadata } = await this.#api.listPods(signal);
        this.#see(items);
        for await (const { type, object } of this.#api.watchPods(metadata?.resourceVersion ?? "", signal)) {
          if (type === "DELETED") this.#forget(uidOf(object));
          else if (type !== "BOOKMARK") this.#seePod(object);
        }
      } catch (reason) {
        this.#noteTrouble(reason);
      }
      await clock.sleep(100 + Math.random() * 200, signal).catch(() => {}); // told to stop
    }
  }

  #see(pods: readonly Pod[]): void {
    if (this.#isAway) this.#log.info("the API server answers again");
    this.#isAway = false;
    const there = new Set(pods.map(uidOf));
    for (const uid of this.#keepers.keys()) if (!there.has(uid)) this.#forget(uid);
    for (const pod of pods) this.#seePod(pod);
  }

  #seePod(pod: Pod): void {
    const known = this.#keepers.get(uidOf(pod));
    if (known !== undefined) known.look(pod);
    else this.#keep(pod);
  }

  #keep(pod: Pod): void {
    const keeper = new PodKeeper({ api: this.#api, host: this.#host, pod, signal: this.#stop.signal });
    this.#keepers.set(uidOf(pod), keeper);
    const { containers = [], initContainers = [] } = pod.spec ?? {};
    const fileOf = (container: Container) => [container.name, logFileOf(this.#host.folder, pod, container)] as const;
    const files = new Map([...containers, ...initContainers].map(fileOf));
    this.#logs.set(`${pod.metadata?.namespace}/${pod.metadata?.name}`, { files, keeper });
  }

  #forget(uid: string): void {
    const keeper = this.#keepers.get(uid);
    keeper?.vanish();
    void keeper?.done.then(() => this.#keepers.delete(uid));
  }

  #tellState(reason: "NodeReady" | "NodeNotReady"): void {
    const { node, recorder } = this.#host;
    const message = `Node ${node.name} status is now: ${reason}`;
    recorder.tell(nodeReference(node.name), { type: "Normal", reason, message });
  }

  /** What runs goes on as far as it can; nothing new can be started. */
  async #loseNetwork(what: string): Promise<void> {
    const { node, clock } = this.#host;
    const message = `${what} has ended: nothing can be started on the node any more`;
    this.#log.error("the node's network is gone", { node: node.name, reason: message });
    this.#tellState("NodeNotReady");
    const condition = readiness(clock, "KubeletNotReady", message);
    await this.#api.holdNode(condition, this.#stop.signal).catch((reason) => this.#noteTrouble(reason));
  }

  #noteTrouble(reason: unknown): void {
    if (this.#isAway || this.#stop.signal.aborted) return;
    this.#isAway = true;
    this.#log.warn("pods cannot be watched, those that run go on", { reason: Fault.from(reason).message });
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}

function nodeObject({ name, providerId, address, labels = {} }: KubeletOptions["node"], clock: Clock): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { ...nodeLabels(name), ...labels } },
    spec: { providerID: providerId },
    status: {
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      nodeInfo: nodeInfo(),
      conditions: [readiness(clock, "KubeletReady", "kubelet is posting ready status")],
    },
  };
}

function readiness(clock: Clock, reason: "KubeletReady" | "KubeletNotReady", message: string): NodeCondition {
  const now = kubeTime(clock.now());
  const status = reason === "KubeletReady" ? "True" : "False";
  return { type: "Ready", status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
}
