import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { ContainerRun } from "./container-run.ts";
import { logFileOf } from "./log-file.ts";
import { PodConnection } from "./pod-connection.ts";
import { nodeRoot, type PodHost, type PodPlace } from "./pod-host.ts";
import { machineEntry, type NodeNetwork } from "./pod-network.ts";
import { isSidecar, type PodFailure, podStatus } from "./pod-status.ts";
import { unheeded } from "./unheeded.ts";
import { NotYetError } from "./unsupported.ts";
import { makeVolumes } from "./volumes.ts";

const PAST_DEADLINE: PodFailure = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};

/** Runs one pod: its address, its network, its volumes and its containers, those that prepare it one by one first. */
export class PodWorker implements AsyncDisposable {
  readonly #host: PodHost;
  readonly #pod: Pod;
  readonly #changed: () => void;
  readonly #stopping = new AbortController();
  readonly #over = new AbortController();
  readonly #ownAddress: string | undefined;
  readonly #startedAt: number;
  readonly #folder: string;
  readonly #init: readonly ContainerRun[];
  readonly #containers: readonly ContainerRun[];
  readonly #done: Promise<void>;
  /** Of a pod that has a network of its own. */
  readonly #connection: PodConnection | undefined;
  /** Those that run beside the containers, and end after them. */
  readonly #sidecars = new Map<ContainerRun, Promise<unknown>>();
  readonly #ending = new AbortController();
  /** When all has to be ended; on the monotonic clock. */
  #endBy = Number.POSITIVE_INFINITY;
  #volumes: Promise<ReadonlyMap<string, string>> | undefined;
  #failure: PodFailure | undefined;
  #version = 1;

  /** `changed` is called whenever the status has. */
  constructor(host: PodHost, pod: Pod, changed: () => void) {
    this.#host = host;
    this.#pod = pod;
    this.#changed = changed;
    this.#ownAddress = pod.spec?.hostNetwork === true ? undefined : host.addresses.allocate();
    this.#startedAt = host.clock.now();
    this.#folder = join(host.folder, "pods", pod.metadata?.uid ?? "");
    const { initContainers = [], containers = [], restartPolicy = "Always" } = pod.spec ?? {};
    const policy = restartPolicy as "Always" | "OnFailure" | "Never";
    const first = policy === "Never" ? policy : "OnFailure";
    this.#init = initContainers.map((container) => {
      return this.#runOf(container, isSidecar(container) ? "Always" : first, "PodInitializing");
    });
    const reason = initContainers.length > 0 ? "PodInitializing" : "ContainerCreating";
    this.#containers = containers.map((container) => this.#runOf(container, policy, reason));
    this.#connection = this.#connectionOf(host.network, this.#ownAddress);
    this.#done = this.#run();
  }

  /** Grows with each change of the status. */
  get version(): number {
    return this.#version;
  }

  /** Whether nothing runs any more, nor will. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  status(): PodStatus {
    return podStatus(this.#pod, {
      startedAt: this.#startedAt,
      podAddress: this.#ownAddress ?? this.#host.node.address,
      hostAddress: this.#host.node.address,
      init: this.#init.map(({ view }) => view),
      containers: this.#containers.map(({ view }) => view),
      over: this.isOver,
      failure: this.#failure,
    });
  }

  /** Ends the pod: SIGTERM, and SIGKILL after `graceMs`. Resolves when nothing of it runs; it still has its address. */
  stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#endBy = Math.min(this.#endBy, this.#host.clock.monotonic() + graceMs);
    for (const run of [...this.#init, ...this.#containers]) {
      if (this.#ending.signal.aborted || !this.#sidecars.has(run)) run.stop(graceMs);
    }
    return this.#done;
  }

  /** Ends the pod at once, if it is not over, and gives its address back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
    await rm(this.#folder, { recursive: true, force: true });
    if (this.#ownAddress !== undefined) this.#host.addresses.release(this.#ownAddress);
  }

  #runOf(container: Container, policy: "Always" | "OnFailure" | "Never", reason: string): ContainerRun {
    const stopping = (isSidecar(container) ? this.#ending : this.#stopping).signal;
    const options = {
      ...{ host: this.#host, container, policy, stopping },
      logFile: logFileOf(this.#host.folder, this.#pod, container),
      pod: () => ({ ...this.#pod, status: this.status() }),
      place: () => this.#place(),
      changed: () => this.#note(),
    };
    return new ContainerRun(options, reason);
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what it does is told once it is made
    for (const told of unheeded(this.#pod)) this.#host.tell(this.#pod, told);
    void this.#expire();
    if (await this.#prepared()) await Promise.all(this.#containers.map((run) => run.run()));
    await this.#endSidecars();
    await this.#connection?.[Symbol.asyncDispose]();
    this.#over.abort();
    this.#note();
  }

  /** Ends the pod when it has been active for as long as it may. */
  async #expire(): Promise<void> {
    const { activeDeadlineSeconds: seconds } = this.#pod.spec ?? {};
    if (seconds === undefined) return;
    const { clock } = this.#host;
    const end = AbortSignal.any([this.#stopping.signal, this.#over.signal]);
    await clock.sleep(seconds * 1000, end).catch(() => {});
    if (end.aborted) return;
    this.#failure = PAST_DEADLINE;
    this.#host.tell(this.#pod, { type: "Normal", ...PAST_DEADLINE });
    void this.stop(this.#graceMs);
  }

  /** Whether all that prepare the pod have ended well, one after the other, and those that stay have started. */
  async #prepared(): Promise<boolean> {
    const stopped = new Promise<false>((resolve) => {
      this.#stopping.signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    const { initContainers = [] } = this.#pod.spec ?? {};
    for (const [i, run] of this.#init.entries()) {
      if (this.#stopping.signal.aborted) return false;
      if (!isSidecar(initContainers[i])) {
        if (!(await run.run())) return false;
        continue;
      }
      this.#sidecars.set(run, run.run());
      if (!(await Promise.race([run.started, stopped]))) return false;
    }
    return true;
  }

  /** In what is left of the grace period, those that came last first. */
  async #endSidecars(): Promise<void> {
    this.#ending.abort();
    const leftMs = Math.max(0, Math.min(this.#graceMs, this.#endBy - this.#host.clock.monotonic()));
    for (const run of [...this.#sidecars.keys()].reverse()) run.stop(leftMs);
    await Promise.all(this.#sidecars.values());
  }

  /** Each container that is started again finds the pod's network and volumes as they were. */
  async #place(): Promise<PodPlace> {
    const { signal } = this.#stopping;
    const entry = (await this.#connection?.network()) ?? this.#host.network?.own ?? machineEntry;
    const given = (await this.#host.environment?.(this.#pod, signal)) ?? {};
    this.#volumes ??= this.#makeVolumes();
    const volumes = await this.#volumes.catch((reason) => {
      this.#volumes = undefined; // the next attempt makes them anew
      throw reason;
    });
    return { entry, given, volumes };
  }

  async #makeVolumes(): Promise<ReadonlyMap<string, string>> {
    const { folder, node, sources } = this.#host;
    const pod = { ...this.#pod, status: this.status() };
    const root = nodeRoot(folder, node.name);
    try {
      return await makeVolumes(pod, { folder: this.#folder, root, sources, signal: this.#stopping.signal });
    } catch (reason) {
      if (reason instanceof NotYetError) this.#warn("FailedMount", mountFailure(reason));
      throw reason;
    }
  }

  #connectionOf(network: NodeNetwork | undefined, address: string | undefined): PodConnection | undefined {
    if (network === undefined || address === undefined) return undefined;
    const attach = () =>
      network.attach(address, this.#pod).catch((reason: Error) => {
        this.#warn("FailedCreatePodSandBox", `Failed to create pod sandbox: ${reason.message}`);
        throw reason;
      });
    return new PodConnection(attach, () => this.#cutOff());
  }

  /** What runs in a network that nobody keeps any more is ended, and started again in a new one where its policy says so. */
  #cutOff(): void {
    if (this.#stopping.signal.aborted) return;
    const message = "Pod sandbox changed, it will be killed and re-created.";
    this.#host.tell(this.#pod, { type: "Normal", reason: "SandboxChanged", message });
    for (const run of [...this.#init, ...this.#containers]) run.stop(this.#graceMs);
  }

  get #graceMs(): number {
    return (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  #warn(reason: string, message: string): void {
    this.#host.tell(this.#pod, { type: "Warning", reason, message });
  }

  #note(): void {
    this.#version += 1;
    this.#changed();
  }
}

function mountFailure({ volume, message }: NotYetError): string {
  return `MountVolume.SetUp failed for volume "${volume}" : ${message}`;
}
