import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { stringify } from "yaml";
import type { Kind } from "../../../src/api/kinds.ts";
import { createLog } from "../../../src/base/log.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { accessTo, type ControlPlane, missing, startControlPlane } from "../kube/control-plane.ts";
import { type HookRun, runHook } from "./chart-hook.ts";
import { CHART, helmMissing, type Rendered, type Run, runTool, type Values } from "./helm.ts";

const silent = createLog({ write: () => {} });
const jobKind: Kind = { group: "batch", version: "v1", plural: "jobs", kind: "Job", isNamespaced: true };

/** Why the chart cannot be installed here; undefined when it can. */
export const clusterMissing = () => helmMissing() ?? missing();

/** A real API server with a namespace `pods`, on which nothing runs: Helm's hooks are run here, as a node would. */
export class ChartCluster {
  readonly #plane: ControlPlane;
  readonly #folder: string;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  /** The hooks that were run, in order. */
  readonly hooks: HookRun[] = [];

  private constructor(plane: ControlPlane, folder: string) {
    this.#plane = plane;
    this.#folder = folder;
    this.#running = this.#runHooks();
  }

  static async start(): Promise<ChartCluster> {
    const folder = await mkdtemp(join(tmpdir(), "chart-cluster-"));
    const cluster = new ChartCluster(await startControlPlane(), folder);
    await cluster.kubectl("create", "namespace", "pods");
    return cluster;
  }

  /** What `kubectl` answers. @throws Error with what it says when it fails */
  async kubectl(...args: readonly string[]): Promise<string> {
    return told(await this.tryKubectl("", ...args));
  }

  /** The same of an object or list, as JSON. */
  async get(...args: readonly string[]): Promise<Rendered> {
    return JSON.parse(await this.kubectl("get", ...args, "--output=json")) as Rendered;
  }

  async apply(...objects: readonly object[]): Promise<string> {
    return told(await this.tryKubectl(documents(objects), "apply", "--filename=-"));
  }

  /** Applies an object; what happens is for the caller to judge. */
  tryKubectl(input: string, ...args: readonly string[]): Promise<Run> {
    return runTool("kubectl", args, { input, env: this.#env() });
  }

  /** `helm` with a command, the release `aad` of a chart in `pods`, and values; what happens is for the caller to judge. */
  helm(command: "install" | "upgrade", values: Values = {}, ...flags: readonly string[]): Promise<Run> {
    return this.helmOf(CHART, command, "aad", "pods", values, ...flags);
  }

  helmOf(
    chart: string,
    command: "install" | "upgrade",
    release: string,
    namespace: string,
    values: Values = {},
    ...flags: readonly string[]
  ): Promise<Run> {
    const args = [command, release, chart, "--namespace", namespace, "--values=-", ...flags];
    return runTool("helm", args, { input: stringify(values), env: this.#env() });
  }

  helmDoes(...args: readonly string[]): Promise<Run> {
    return runTool("helm", [...args, "--namespace=pods"], { env: this.#env() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
    await this.#plane[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #env() {
    return { KUBECONFIG: this.#plane.kubeconfig, HOME: this.#folder };
  }

  async #runHooks(): Promise<void> {
    const done = new Set<unknown>();
    const { signal } = this.#ended;
    await using client = new KubeClient(accessTo(this.#plane), { userAgent: "test", log: silent, qps: 50, burst: 50 });
    while (!signal.aborted) {
      const jobs = (await client.list(jobKind, {}, signal).catch(() => [])) as readonly Rendered[];
      for (const job of jobs.filter((one) => !done.has(one.metadata.uid))) {
        done.add(job.metadata.uid);
        this.hooks.push(await runHook(job, this, this.#plane));
      }
      await setTimeout(50, undefined, { signal }).catch(() => {});
    }
  }
}

export const documents = (objects: readonly object[]) => objects.map((one) => stringify(one)).join("---\n");

function told({ code, stdout, stderr }: Run): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
