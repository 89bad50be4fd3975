import { rm } from "node:fs/promises";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import { watchOver } from "./container-probes.ts";
import { containerEnvironment, type References, referencesOf, type Variables } from "./environment.ts";
import { mountsOf, relocated } from "./mounts.ts";
import type { PodHost } from "./pod-host.ts";
import type { PodEntry } from "./pod-network.ts";
import { type ContainerView, isDone } from "./pod-status.ts";
import { checkProbes } from "./probe.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { type Command, commandLine, ownPorts, programOf } from "./programs.ts";
import { NotYetError, UnsupportedError } from "./unsupported.ts";

const RESTART_PAUSES = { firstMs: 200, maxMs: 30_000 };
/** After a run of that length the next restart is quick again. */
const STEADY_MS = 60_000;

/** What the containers of a pod share. */
export type PodPlace = {
  readonly entry: PodEntry;
  readonly given: Variables;
  readonly volumes: ReadonlyMap<string, string>;
};

export type ContainerRunOptions = {
  readonly host: PodHost;
  readonly container: Container;
  /** When it is started again. */
  readonly policy: "Always" | "OnFailure" | "Never";
  readonly logFile: string;
  /** The pod with its present status. */
  readonly pod: () => Pod;
  readonly place: () => Promise<PodPlace>;
  /** The end of the pod. */
  readonly stopping: AbortSignal;
  readonly changed: () => void;
};

/** Runs one container, again and again as its policy says, and watches over it by its probes. */
export class ContainerRun {
  readonly #options: ContainerRunOptions;
  #view: ContainerView;
  #process: RunningProcess | undefined;
  #said = "";

  constructor(options: ContainerRunOptions, reason: string) {
    this.#options = options;
    const at = options.host.clock.now();
    this.#view = { life: { is: "waiting", reason, at }, restarts: 0, isStarted: false, isReady: false, since: at };
  }

  get view(): ContainerView {
    return this.#view;
  }

  /** Resolves when it will not run any more: whether it ended well. */
  async run(): Promise<boolean> {
    const { host, stopping, policy } = this.#options;
    const pauses = new Backoff(RESTART_PAUSES);
    while (!stopping.aborted) {
      const from = host.clock.monotonic();
      const code = await this.#runOnce();
      if (code !== undefined && !(policy === "Always" || (policy === "OnFailure" && code !== 0))) break;
      if (stopping.aborted) break;
      if (host.clock.monotonic() - from > STEADY_MS) pauses.reset();
      await this.#pause(pauses.next());
    }
    return isDone(this.#view);
  }

  /** SIGTERM, and SIGKILL after `graceMs`. */
  stop(graceMs: number): void {
    this.#process?.stop(graceMs);
  }

  /** The exit code; nothing when it could not be started. */
  async #runOnce(): Promise<number | undefined> {
    try {
      return await this.#start();
    } catch (reason) {
      const { message } = reason as Error;
      const known = reason instanceof UnsupportedError || reason instanceof NotYetError;
      this.#wait(known ? reason.reason : "CreateContainerError", message);
      if (reason instanceof UnsupportedError) await this.#stopped(); // it stays like that until somebody deletes the pod
      return undefined;
    }
  }

  async #start(): Promise<number> {
    const { host, stopping, container, logFile } = this.#options;
    checkProbes(container);
    programOf(container, host.programs);
    const place = await this.#options.place();
    const seen = movedContainer(container, place.volumes);
    const env = await this.#environment(seen, place);
    const command = commandLine(seen, host.programs, env);
    const { args, ports } = await ownPorts(command);
    const enter = (program: Command) => ({
      ...place.entry.enter(program),
      ...{ env, folder: container.workingDir ?? host.folder, guard: host.guard },
    });
    if (this.#process === undefined) await rm(logFile, { force: true }); // of an older pod with the same name
    const from = host.clock.now();
    const running = await startProcess({
      ...enter({ file: command.file, args: [...command.args, ...args] }),
      logFile: logFile,
    });
    this.#process = running;
    if (stopping.aborted) running.stop(0); // it came while the process was being made
    const hasProbe = container.readinessProbe !== undefined;
    const isStarted = container.startupProbe === undefined;
    this.#become({ life: { is: "running", pid: running.pid, at: from }, isStarted, isReady: isStarted && !hasProbe });
    const exec = async (words: readonly string[], timeoutMs: number) => {
      const [file = "", ...rest] = words;
      const asked = { ...enter({ file, args: rest }), logFile: "/dev/null", inside: running };
      return await ask(await startProcess(asked), timeoutMs);
    };
    const code = await this.#watched(seen, running, { exec, portOf: (port) => ports.get(port) ?? port });
    const life = { is: "ended", pid: running.pid, from, at: host.clock.now(), code } as const;
    this.#become({ life, isStarted: false, isReady: false });
    return code;
  }

  async #environment(container: Container, { given, entry }: PodPlace): Promise<Variables> {
    const { host, pod, stopping } = this.#options;
    const { namespace = "" } = pod().metadata ?? {};
    const references = new Map<string, NonNullable<ReturnType<References["get"]>>>();
    for (const reference of referencesOf(container)) {
      const [kind, name = ""] = reference.split(" ");
      const values = await host.sources.keyValues(kind as "secrets" | "configmaps", namespace, name, stopping);
      if (values !== undefined) references.set(reference, values);
    }
    return containerEnvironment(pod(), container, { ...given, ...entry.variables }, references);
  }

  /** Until it has ended; the result is the exit code. */
  async #watched(
    container: Container,
    running: RunningProcess,
    by: {
      readonly exec: (command: readonly string[], timeoutMs: number) => Promise<string>;
      readonly portOf: (port: number) => number;
    },
  ): Promise<number> {
    const { host, pod, stopping } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([stopping, over.signal]);
    const tools = { ...by, knock: host.prober.knock.bind(host.prober), clock: host.clock, signal };
    const watching = watchOver(container, pod(), tools, {
      started: () => this.#become({ isStarted: true }),
      ready: (isReady, said) => this.#noteReady(isReady, said),
      failed: (which, said) => {
        host.tell(pod(), "Warning", "Unhealthy", `${which} probe failed: ${said}`);
        host.tell(
          pod(),
          "Normal",
          "Killing",
          `Container ${container.name} failed ${which.toLowerCase()} probe, will be restarted`,
        );
        running.stop((pod().spec?.terminationGracePeriodSeconds ?? 30) * 1000);
      },
    });
    const code = await running.exited;
    over.abort();
    await watching;
    return code;
  }

  #noteReady(isReady: boolean, said: string): void {
    const { host, pod } = this.#options;
    if (said !== this.#said && said !== "") host.tell(pod(), "Warning", "Unhealthy", `Readiness probe failed: ${said}`);
    this.#said = said;
    if (this.#view.isReady !== isReady) this.#become({ isReady });
  }

  async #pause(ms: number): Promise<void> {
    const { life, restarts } = this.#view;
    if (life.is === "ended") {
      this.#become({ last: life, restarts: restarts + 1 });
      this.#wait("CrashLoopBackOff", `back-off ${ms}ms restarting the container`);
    }
    await this.#options.host.clock.sleep(ms, this.#options.stopping).catch(() => {}); // told to stop
  }

  #stopped(): Promise<void> {
    const { stopping } = this.#options;
    return new Promise((resolve) => {
      if (stopping.aborted) resolve();
      stopping.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #wait(reason: string, message: string): void {
    this.#become({ life: { is: "waiting", reason, message, at: this.#options.host.clock.now() } });
  }

  #become(change: Partial<ContainerView>): void {
    const isTurned = (change.isReady ?? this.#view.isReady) !== this.#view.isReady;
    const isMoved = change.life !== undefined && change.life.is !== this.#view.life.is;
    const since = isTurned || isMoved ? this.#options.host.clock.now() : this.#view.since;
    this.#view = { ...this.#view, ...change, since };
    this.#options.changed();
  }
}

/** The container with the real paths of what it mounts. */
function movedContainer(container: Container, volumes: ReadonlyMap<string, string>): Container {
  const mounts = mountsOf(container, volumes);
  if (mounts.length === 0) return container;
  const { command, args, env, livenessProbe, readinessProbe, startupProbe } = container;
  const moved = (words: readonly string[] = []) => words.map((word) => relocated(word, mounts));
  const probe = (name: string, each: Container["livenessProbe"]) =>
    each?.exec && { [name]: { ...each, exec: { command: moved(each.exec.command) } } };
  return {
    ...container,
    ...(command && { command: moved(command) }),
    ...(args && { args: moved(args) }),
    ...(env && { env: env.map((each) => (each.value ? { ...each, value: relocated(each.value, mounts) } : each)) }),
    ...probe("livenessProbe", livenessProbe),
    ...probe("readinessProbe", readinessProbe),
    ...probe("startupProbe", startupProbe),
  };
}

/** Waits for a command of a probe; nothing when it went well. */
async function ask(running: RunningProcess, timeoutMs: number): Promise<string> {
  const timer = setTimeout(() => running.stop(0), timeoutMs);
  const code = await running.exited;
  clearTimeout(timer);
  return code === 0 ? "" : `the command ended with ${code}`;
}
