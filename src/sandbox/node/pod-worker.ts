import { rm } from "node:fs/promises";
import type { Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { AddressPool } from "./addresses.ts";
import { containerEnvironment, type Variables } from "./environment.ts";
import type { Guard } from "./guard.ts";
import { logFileOf } from "./log-file.ts";
import { machineEntry, type NodeNetwork, type PodEntry, type PodNetwork } from "./pod-network.ts";
import { type ContainerLife, type PodLife, podStatus } from "./pod-status.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { commandLine, onlyContainer, type Programs } from "./programs.ts";
import { UnsupportedError } from "./unsupported.ts";

const RESTART_PAUSES = { firstMs: 200, maxMs: 30_000 };
/** After a run of that length the next restart is quick again. */
const STEADY_MS = 60_000;

/** What the pods of a node share. */
export type PodHost = {
  readonly node: { readonly name: string; readonly address: string };
  readonly programs: Programs;
  readonly addresses: AddressPool;
  readonly folder: string;
  readonly guard: Guard;
  readonly clock: Clock;
  /** Variables for every container of a pod; the container's own win. */
  readonly environment?: ((pod: Pod, signal: AbortSignal) => Promise<Variables> | Variables) | undefined;
  /** What connects the pods, to the metadata address above all; nothing for this machine alone. */
  readonly network?: NodeNetwork | undefined;
};

/** Runs one pod: its address, its network, and its container, restarted as its policy says. */
export class PodWorker implements AsyncDisposable {
  readonly #host: PodHost;
  readonly #pod: Pod;
  readonly #changed: () => void;
  readonly #stopping = new AbortController();
  readonly #ownAddress: string | undefined;
  readonly #done: Promise<void>;
  #life: PodLife;
  #process: RunningProcess | undefined;
  #network: PodNetwork | undefined;
  #version = 1;

  /** `changed` is called whenever the status has. */
  constructor(host: PodHost, pod: Pod, changed: () => void) {
    this.#host = host;
    this.#pod = pod;
    this.#changed = changed;
    this.#ownAddress = pod.spec?.hostNetwork === true ? undefined : host.addresses.allocate();
    const at = host.clock.now();
    this.#life = {
      startedAt: at,
      podAddress: this.#ownAddress ?? host.node.address,
      hostAddress: host.node.address,
      container: { is: "waiting", reason: "ContainerCreating", at },
      restarts: 0,
      over: false,
    };
    this.#done = this.#run();
  }

  /** Grows with each change of the status. */
  get version(): number {
    return this.#version;
  }

  /** Whether nothing runs any more, nor will. */
  get isOver(): boolean {
    return this.#life.over;
  }

  status(): PodStatus {
    return podStatus(this.#pod, this.#life);
  }

  /** Ends the pod: SIGTERM, and SIGKILL after `graceMs`. Resolves when nothing of it runs; it still has its address. */
  stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#process?.stop(graceMs);
    return this.#done;
  }

  /** Ends the pod at once, if it is not over, and gives its address back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
    if (this.#ownAddress !== undefined) this.#host.addresses.release(this.#ownAddress);
  }

  async #run(): Promise<void> {
    const { clock } = this.#host;
    const { signal } = this.#stopping;
    const pauses = new Backoff(RESTART_PAUSES);
    while (!signal.aborted) {
      const from = clock.monotonic();
      const restart = await this.#runOnce();
      if (!restart || signal.aborted) break;
      if (clock.monotonic() - from > STEADY_MS) pauses.reset();
      await this.#pause(pauses.next());
    }
    await this.#network?.[Symbol.asyncDispose]();
    this.#become({ over: true });
  }

  /** Whether the container is to be started again. */
  async #runOnce(): Promise<boolean> {
    try {
      const code = await this.#runContainer();
      const policy = this.#pod.spec?.restartPolicy ?? "Always";
      return policy === "Always" || (policy === "OnFailure" && code !== 0);
    } catch (reason) {
      const { message } = reason as Error;
      if (!(reason instanceof UnsupportedError)) {
        this.#wait("CreateContainerError", message);
        return true;
      }
      this.#wait(reason.reason, message); // it stays like that until somebody deletes the pod
      await this.#stopped();
      return false;
    }
  }

  async #runContainer(): Promise<number> {
    const { clock, folder, guard, programs } = this.#host;
    const container = onlyContainer(this.#pod);
    const pod = { ...this.#pod, status: this.status() };
    const entry = await this.#connected();
    const given = await this.#host.environment?.(this.#pod, this.#stopping.signal);
    const env = containerEnvironment(pod, container, { ...given, ...entry.variables });
    const logFile = logFileOf(folder, pod, container);
    if (this.#process === undefined) await rm(logFile, { force: true }); // of an older pod with the same name
    const command = entry.enter(commandLine(container, programs, env));
    const running = await startProcess({ ...command, env, folder: container.workingDir ?? folder, logFile, guard });

    const from = clock.now();
    this.#process = running;
    if (this.#stopping.signal.aborted) running.stop(0); // it came while the process was being made
    this.#become({ container: { is: "running", pid: running.pid, at: from } });
    const code = await running.exited;
    this.#become({ container: { is: "ended", pid: running.pid, from, at: clock.now(), code } });
    return code;
  }

  /** Each container that is started again finds the pod's network as it was. */
  async #connected(): Promise<PodEntry> {
    const { network } = this.#host;
    if (network === undefined) return machineEntry;
    if (this.#ownAddress === undefined) return network.own;
    this.#network ??= await network.attach(this.#ownAddress, this.#pod);
    return this.#network;
  }

  async #pause(ms: number): Promise<void> {
    const { container, restarts } = this.#life;
    if (container.is === "ended") {
      this.#become({ last: container, restarts: restarts + 1 });
      this.#wait("CrashLoopBackOff", `back-off ${ms}ms restarting the container`);
    }
    await this.#host.clock.sleep(ms, this.#stopping.signal).catch(() => {}); // told to stop
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #wait(reason: string, message: string): void {
    const container: ContainerLife = { is: "waiting", reason, message, at: this.#host.clock.now() };
    this.#become({ container });
  }

  #become(change: Partial<PodLife>): void {
    this.#life = { ...this.#life, ...change };
    this.#version += 1;
    this.#changed();
  }
}
