import type { Node, Pod } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import { realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { refusalOf } from "../placement.ts";
import { type KubeAccess, NodeApi } from "./api.ts";
import { kubeTime } from "./container-life.ts";
import { EventRecorder, podReference } from "./recorder.ts";
import { TaintEviction } from "./taint-eviction.ts";

export type SchedulerOptions = { readonly access: KubeAccess; readonly nodes: readonly string[]; readonly log: Log };

/** Pods that fit no node are looked at again, and those that fit theirs no more: nodes change. */
const LOOK_AGAIN_MS = 500;

/**
 * Stands in for kube-scheduler: binds each pod that has no node to one of ours; and for who takes pods off again that do not
 * tolerate what their node has become. Disposing ends it.
 */
export function startScheduler(options: SchedulerOptions): AsyncDisposable {
  const stop = new AbortController();
  const scheduler = new Scheduler(options, stop.signal);
  const running = Promise.all([scheduler.follow(), scheduler.lookAgain()]);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await scheduler[Symbol.asyncDispose]();
    },
  };
}

class Scheduler implements AsyncDisposable {
  readonly #api: NodeApi;
  readonly #recorder: EventRecorder;
  readonly #evictor: EventRecorder;
  readonly #eviction: TaintEviction;
  readonly #options: SchedulerOptions;
  readonly #signal: AbortSignal;
  /** Those that fit nowhere, by UID, and why. */
  readonly #waiting = new Map<string, { readonly pod: Pod; readonly why: string }>();
  /** How many pods were put where: by the node, and by the node and whoever they belong to. */
  readonly #placed = new Map<string, number>();

  constructor(options: SchedulerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#api = new NodeApi(options.access, ""); // pods that are bound to no node
    this.#recorder = new EventRecorder({ api: this.#api, clock: realClock, component: "default-scheduler" });
    this.#evictor = new EventRecorder({ api: this.#api, clock: realClock, component: "taint-eviction-controller" });
    this.#eviction = new TaintEviction(this.#api, this.#evictor, realClock);
  }

  async follow(): Promise<void> {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 });
    while (!this.#signal.aborted) {
      try {
        const { items, metadata } = await this.#api.listPods(this.#signal);
        this.#waiting.clear();
        for (const pod of items) await this.#place(pod);
        for await (const { type, object } of this.#api.watchPods(metadata?.resourceVersion ?? "", this.#signal)) {
          if (type === "DELETED") this.#waiting.delete(object.metadata?.uid ?? "");
          if (type === "ADDED" || type === "MODIFIED") await this.#place(object);
        }
        backoff.reset();
      } catch (reason) {
        if (this.#signal.aborted) return;
        this.#options.log.warn("the scheduler has lost the API server", { error: Fault.from(reason).message });
        await realClock.sleep(backoff.next(), this.#signal).catch(() => {});
      }
    }
  }

  async lookAgain(): Promise<void> {
    while (!this.#signal.aborted) {
      await realClock.sleep(LOOK_AGAIN_MS, this.#signal).catch(() => {});
      await this.#look().catch(() => {}); // the next look tells
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder[Symbol.asyncDispose]();
    await this.#evictor[Symbol.asyncDispose]();
    await this.#api[Symbol.asyncDispose]();
  }

  /** All of a look goes by the nodes as they were at its beginning. */
  async #look(): Promise<void> {
    const nodes = await this.#nodes();
    for (const { pod } of [...this.#waiting.values()]) await this.#place(pod, nodes).catch(() => {});
    await this.#eviction.look(nodes, this.#signal);
  }

  async #nodes(): Promise<readonly Node[]> {
    const nodes = await this.#api.listNodes(this.#signal);
    return nodes.filter(({ metadata }) => this.#options.nodes.includes(metadata?.name ?? ""));
  }

  async #place(pod: Pod, known?: readonly Node[]): Promise<void> {
    const { uid = "", deletionTimestamp } = pod.metadata ?? {};
    if (deletionTimestamp !== undefined || pod.spec === undefined) return void this.#waiting.delete(uid);
    const nodes = known ?? (await this.#nodes());
    const { spec } = pod;
    const fitting = nodes.filter((node) => refusalOf(spec, node) === undefined);
    const node = this.#emptiest(pod, fitting);
    if (node === undefined) return await this.#refuse(pod, nodes);
    await this.#bind(pod, node);
    this.#waiting.delete(uid); // not before: one that could not be bound is looked at again
    for (const key of [node, `${node} ${ownerOf(pod)}`]) this.#placed.set(key, (this.#placed.get(key) ?? 0) + 1);
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    try {
      await this.#api.bindPod(pod, node, this.#signal);
    } catch (reason) {
      if (Fault.is(reason, "KUBE_CONFLICT", "KUBE_NOT_FOUND")) return; // somebody else has bound or deleted it meanwhile
      throw reason;
    }
    const { namespace, name } = pod.metadata ?? {};
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.#recorder.tell(podReference(pod), { type: "Normal", reason: "Scheduled", message });
  }

  /** The node with the fewest pods of the same owner, and of those the one with the fewest pods. */
  #emptiest(pod: Pod, nodes: readonly Node[]): string | undefined {
    const count = (key: string) => this.#placed.get(key) ?? 0;
    const names = nodes.map(({ metadata }) => metadata?.name ?? "");
    const byOwn = (a: string, b: string) => count(`${a} ${ownerOf(pod)}`) - count(`${b} ${ownerOf(pod)}`);
    return names.toSorted((a, b) => byOwn(a, b) || count(a) - count(b))[0];
  }

  /** Says once on the pod why it is on no node. */
  async #refuse(pod: Pod, nodes: readonly Node[]): Promise<void> {
    const { uid = "" } = pod.metadata ?? {};
    const message = whyNowhere(pod, nodes);
    const isTold = this.#waiting.get(uid)?.why === message;
    this.#waiting.set(uid, { pod, why: message });
    const now = kubeTime(realClock.now());
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: now,
    };
    const said = pod.status?.conditions?.find(({ type }) => type === condition.type);
    if (isTold || said?.message === message) return;
    await this.#api.writeStatus(pod, { conditions: [condition] }, this.#signal);
    this.#recorder.tell(podReference(pod), { type: "Warning", reason: "FailedScheduling", message });
  }
}

function ownerOf({ metadata }: Pod): string {
  return metadata?.ownerReferences?.find(({ controller }) => controller)?.uid ?? "";
}

/** `0/2 nodes are available: 2 node(s) were unschedulable.` */
function whyNowhere({ spec }: Pod, nodes: readonly Node[]): string {
  const reasons = nodes.map((node) => (spec === undefined ? "" : (refusalOf(spec, node) ?? "")));
  const counted = [...Map.groupBy(reasons, (reason) => reason)].map(
    ([reason, all]) => `${all.length} node(s) ${reason}`,
  );
  return `0/${nodes.length} nodes are available: ${counted.sort().join(", ")}.`;
}
