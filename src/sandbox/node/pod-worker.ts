import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { ContainerRun, type PodPlace } from "./container-run.ts";
import { logFileOf } from "./log-file.ts";
import { nodeRoot, type PodHost } from "./pod-host.ts";
import { machineEntry, type PodEntry, type PodNetwork } from "./pod-network.ts";
import { podStatus } from "./pod-status.ts";
import { makeVolumes } from "./volumes.ts";

/** Runs one pod: its address, its network, its volumes and its containers, those that prepare it one by one first. */
export class PodWorker implements AsyncDisposable {
  readonly #host: PodHost;
  readonly #pod: Pod;
  readonly #changed: () => void;
  readonly #stopping = new AbortController();
  readonly #ownAddress: string | undefined;
  readonly #startedAt: number;
  readonly #folder: string;
  readonly #init: readonly ContainerRun[];
  readonly #containers: readonly ContainerRun[];
  readonly #done: Promise<void>;
  #network: PodNetwork | undefined;
  #attaching: Promise<PodNetwork> | undefined;
  #volumes: Promise<ReadonlyMap<string, string>> | undefined;
  #isOver = false;
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
    this.#init = initContainers.map((container) => this.#runOf(container, first, "PodInitializing"));
    const reason = initContainers.length > 0 ? "PodInitializing" : "ContainerCreating";
    this.#containers = containers.map((container) => this.#runOf(container, policy, reason));
    this.#done = this.#run();
  }

  /** Grows with each change of the status. */
  get version(): number {
    return this.#version;
  }

  /** Whether nothing runs any more, nor will. */
  get isOver(): boolean {
    return this.#isOver;
  }

  status(): PodStatus {
    return podStatus(this.#pod, {
      startedAt: this.#startedAt,
      podAddress: this.#ownAddress ?? this.#host.node.address,
      hostAddress: this.#host.node.address,
      init: this.#init.map(({ view }) => view),
      containers: this.#containers.map(({ view }) => view),
      over: this.#isOver,
    });
  }

  /** Ends the pod: SIGTERM, and SIGKILL after `graceMs`. Resolves when nothing of it runs; it still has its address. */
  stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    for (const run of [...this.#init, ...this.#containers]) run.stop(graceMs);
    return this.#done;
  }

  /** Ends the pod at once, if it is not over, and gives its address back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
    await rm(this.#folder, { recursive: true, force: true });
    if (this.#ownAddress !== undefined) this.#host.addresses.release(this.#ownAddress);
  }

  #runOf(container: Container, policy: "Always" | "OnFailure" | "Never", reason: string): ContainerRun {
    const options = {
      ...{ host: this.#host, container, policy, stopping: this.#stopping.signal },
      logFile: logFileOf(this.#host.folder, this.#pod, container),
      pod: () => ({ ...this.#pod, status: this.status() }),
      place: () => this.#place(),
      changed: () => this.#note(),
    };
    return new ContainerRun(options, reason);
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what it does is told once it is made
    if (await this.#prepared()) await Promise.all(this.#containers.map((run) => run.run()));
    await this.#network?.[Symbol.asyncDispose]();
    this.#isOver = true;
    this.#note();
  }

  /** Whether all that prepare the pod have ended well, one after the other. */
  async #prepared(): Promise<boolean> {
    for (const run of this.#init) if (!(await run.run())) return false;
    return true;
  }

  /** Each container that is started again finds the pod's network and volumes as they were. */
  async #place(): Promise<PodPlace> {
    const { signal } = this.#stopping;
    const entry = await this.#connected();
    const given = (await this.#host.environment?.(this.#pod, signal)) ?? {};
    this.#volumes ??= this.#makeVolumes();
    const volumes = await this.#volumes.catch((reason) => {
      this.#volumes = undefined; // the next attempt makes them anew
      throw reason;
    });
    return { entry, given, volumes };
  }

  #makeVolumes(): Promise<ReadonlyMap<string, string>> {
    const { folder, node, sources } = this.#host;
    const pod = { ...this.#pod, status: this.status() };
    const root = nodeRoot(folder, node.name);
    return makeVolumes(pod, { folder: this.#folder, root, sources, signal: this.#stopping.signal });
  }

  async #connected(): Promise<PodEntry> {
    const { network } = this.#host;
    if (network === undefined) return machineEntry;
    if (this.#ownAddress === undefined) return network.own;
    this.#attaching ??= network.attach(this.#ownAddress, this.#pod).catch((reason) => {
      this.#attaching = undefined;
      throw reason;
    });
    this.#network = await this.#attaching;
    return this.#network;
  }

  #note(): void {
    this.#version += 1;
    this.#changed();
  }
}
