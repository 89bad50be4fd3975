import { rm } from "node:fs/promises";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import { podInWords, containerTold as told } from "./container-events.ts";
import { type ContainerView, hasBegun, isDone } from "./container-life.ts";
import { watchOver } from "./container-probes.ts";
import { containerEnvironment, type References, referencesOf, type Variables } from "./environment.ts";
import { askCommand } from "./exec-probe.ts";
import { obstacleTo } from "./executable.ts";
import { movedContainer } from "./mounts.ts";
import type { PodHost, PodPlace } from "./pod-host.ts";
import { checkProbes } from "./probe.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { type Command, commandLine, ownPorts, programOf } from "./programs.ts";
import type { Told } from "./recorder.ts";
import { inWords, RestartPauses } from "./restart-pauses.ts";
import { checkUser } from "./unheeded.ts";
import { NotYetError, UnsupportedError } from "./unsupported.ts";

/** What was not there may be there soon. */
const RETRIES = { firstMs: 200, maxMs: 10_000 };

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
  readonly #first: string;
  readonly #started = Promise.withResolvers<true>();
  #process: RunningProcess | undefined;
  /** The one that was told to stop. */
  #stopped: RunningProcess | undefined;

  constructor(options: ContainerRunOptions, reason: string) {
    this.#options = options;
    this.#first = reason;
    const at = options.host.clock.now();
    this.#view = { life: { is: "waiting", reason, at }, restarts: 0, isStarted: false, isReady: false, since: at };
  }

  get view(): ContainerView {
    return this.#view;
  }

  /** Resolves when it runs, and its startup probe has gone well, for the first time. */
  get started(): Promise<true> {
    return this.#started.promise;
  }

  /** Resolves when it will not run any more: whether it ended well. */
  async run(): Promise<boolean> {
    const { host, stopping, policy } = this.#options;
    const [pauses, retries] = [new RestartPauses(host.restarts), new Backoff(RETRIES)];
    while (!stopping.aborted) {
      const from = host.clock.monotonic();
      const code = await this.#runOnce();
      if (code === undefined) await this.#sleep(retries.next());
      else if (policy === "Never" || (policy === "OnFailure" && code === 0)) break;
      else if (!stopping.aborted) await this.#backOff(pauses.after(host.clock.monotonic() - from));
    }
    return isDone(this.#view);
  }

  /** SIGTERM, and SIGKILL after `graceMs`. */
  stop(graceMs: number): void {
    if (this.#view.life.is === "running" && this.#stopped !== this.#process) {
      this.#stopped = this.#process;
      this.#tell(told.stopping(this.#options.container));
    }
    this.#process?.stop(graceMs);
  }

  /** The exit code; nothing when it could not be started. */
  async #runOnce(): Promise<number | undefined> {
    try {
      return await this.#start();
    } catch (reason) {
      if (!this.#options.stopping.aborted) await this.#noteFailure(reason as Error);
      return undefined;
    }
  }

  /** What cannot be done here stays like that until somebody deletes the pod. */
  async #noteFailure(reason: Error): Promise<void> {
    const { message } = reason;
    if (reason instanceof NotYetError && reason.volume !== undefined) return this.#wait(this.#first, message);
    const isKnown = reason instanceof UnsupportedError || reason instanceof NotYetError;
    this.#wait(isKnown ? reason.reason : "CreateContainerError", message);
    if (isKnown && reason.reason === "ErrImagePull") await this.#lackImage(message);
    else this.#tell(told.failed(message));
    if (reason instanceof UnsupportedError) await this.#sleep(Number.POSITIVE_INFINITY);
  }

  async #lackImage(why: string): Promise<void> {
    const { container, host } = this.#options;
    this.#tell(told.pulling(container), told.notPulled(container, why), told.failed("ErrImagePull"));
    await this.#sleep(host.restarts.firstMs);
    if (this.#options.stopping.aborted) return;
    const later = told.pullingLater(container);
    this.#tell(later, told.failed("ImagePullBackOff"));
    this.#wait("ImagePullBackOff", `${later.message}: ErrImagePull: ${why}`);
  }

  async #start(): Promise<number> {
    const { host, stopping, logFile } = this.#options;
    const { container, program, ports, enter, obstacle } = await this.#prepare();
    const isAgain = hasBegun(this.#view);
    const restarts = this.#view.restarts + (isAgain ? 1 : 0);
    if (!isAgain) await rm(logFile, { force: true }); // of an older pod with the same name
    const lack = await obstacle(program.file);
    if (lack !== undefined) return this.#notStarted(lack, restarts);
    const from = host.clock.now();
    const running = await startProcess({ ...enter(program), logFile });
    this.#process = running;
    if (stopping.aborted) running.stop(0); // it came while the process was being made
    this.#tell(told.created(container), told.started(container));
    const isStarted = container.startupProbe === undefined;
    const isReady = isStarted && container.readinessProbe === undefined;
    this.#become({ life: { is: "running", pid: running.pid, at: from }, restarts, isStarted, isReady });
    const exec = async ([file = "", ...args]: readonly string[], timeoutMs: number) =>
      (await obstacle(file)) ?? (await askCommand({ ...enter({ file, args }), logFile, inside: running }, timeoutMs));
    const code = await this.#watched(container, running, { exec, portOf: (port) => ports.get(port) ?? port });
    const life = { is: "ended", pid: running.pid, from, at: host.clock.now(), code } as const;
    this.#become({ life, isStarted: false, isReady: false });
    return code;
  }

  /** With what a kubelet says where there is no such program. */
  #notStarted(failure: string, restarts: number): number {
    const { container, host } = this.#options;
    this.#tell(told.created(container), told.failed(failure));
    const life = { is: "ended", from: 0, at: host.clock.now(), code: 128, failure } as const;
    this.#become({ life, restarts, isStarted: false, isReady: false });
    return life.code;
  }

  /** All that is to be there before its program starts. @throws UnsupportedError, NotYetError, or what else is in the way */
  async #prepare() {
    const { host, container, pod, place: findPlace } = this.#options;
    checkProbes(container);
    programOf(container, host.programs);
    const place = await findPlace();
    this.#tell(told.pulled(container));
    checkUser(container, pod());
    const seen = movedContainer(container, place.volumes);
    const env = await this.#environment(seen, place);
    const command = commandLine(seen, host.programs, env);
    const { args, ports } = await ownPorts(command);
    const around = { env, folder: container.workingDir ?? host.folder, guard: host.guard };
    const enter = (program: Command) => ({ ...place.entry.enter(program), ...around });
    const obstacle = (file: string) => obstacleTo(file, env, around.folder);
    return {
      container: seen,
      program: { file: command.file, args: [...command.args, ...args] },
      ports,
      enter,
      obstacle,
    };
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
      ready: (isReady) => this.#view.isReady !== isReady && this.#become({ isReady }),
      missed: (which, said) => this.#tell(told.unhealthy(which, said)),
      failed: (which) => {
        this.#tell(told.sick(container, which));
        running.stop((pod().spec?.terminationGracePeriodSeconds ?? 30) * 1000);
      },
    });
    const code = await running.exited;
    over.abort();
    await watching;
    return code;
  }

  async #backOff(ms: number): Promise<void> {
    const { container, pod } = this.#options;
    if (ms === 0) return;
    this.#tell(told.backOff(container, pod()));
    const which = `container=${container.name} pod=${podInWords(pod())}`;
    this.#wait("CrashLoopBackOff", `back-off ${inWords(ms)} restarting failed ${which}`);
    await this.#sleep(ms);
  }

  /** Until it is told to stop, at the latest. */
  async #sleep(ms: number): Promise<void> {
    const { host, stopping } = this.#options;
    await host.clock.sleep(ms, stopping).catch(() => {});
  }

  #tell(...all: readonly Told[]): void {
    const { host, pod, container } = this.#options;
    for (const one of all) host.tell(pod(), one, container);
  }

  #wait(reason: string, message: string): void {
    this.#become({ life: { is: "waiting", reason, message, at: this.#options.host.clock.now() } });
  }

  #become(change: Partial<ContainerView>): void {
    const isTurned = (change.isReady ?? this.#view.isReady) !== this.#view.isReady;
    const isMoved = change.life !== undefined && change.life.is !== this.#view.life.is;
    const since = isTurned || isMoved ? this.#options.host.clock.now() : this.#view.since;
    const { life } = this.#view;
    const last = change.life !== undefined && life.is === "ended" ? { last: life } : {};
    this.#view = { ...this.#view, ...last, ...change, since };
    if (change.isStarted) this.#started.resolve(true);
    this.#options.changed();
  }
}
