import type { Node, PodSpec, Taint } from "kubernetes-types/core/v1.d.ts";
import type { Clock } from "../../base/clock.ts";
import { repelling, toleratesAll } from "../placement.ts";
import type { NodeApi } from "./api.ts";
import { type EventRecorder, podReference } from "./recorder.ts";

/** Takes pods off nodes that have a taint of effect NoExecute, at once or when those that tolerate it have been patient. */
export class TaintEviction {
  readonly #api: Pick<NodeApi, "listPods" | "deletePod">;
  readonly #recorder: Pick<EventRecorder, "tell">;
  readonly #clock: Pick<Clock, "monotonic">;
  /** When each pod was first seen on such a node, by its UID. */
  readonly #since = new Map<string, number>();

  constructor(
    api: Pick<NodeApi, "listPods" | "deletePod">,
    recorder: Pick<EventRecorder, "tell">,
    clock: Pick<Clock, "monotonic">,
  ) {
    this.#api = api;
    this.#recorder = recorder;
    this.#clock = clock;
  }

  /** To be called again and again. */
  async look(nodes: readonly Node[], signal: AbortSignal): Promise<void> {
    const there = new Set<string>();
    for (const node of nodes) {
      const taints = repelling(node, "NoExecute");
      if (taints.length === 0) continue;
      for (const uid of await this.#lookAt(node.metadata?.name ?? "", taints, signal)) there.add(uid);
    }
    for (const uid of this.#since.keys()) if (!there.has(uid)) this.#since.delete(uid);
  }

  /** The pods of a node that stay for now. */
  async #lookAt(node: string, taints: readonly Taint[], signal: AbortSignal): Promise<readonly string[]> {
    const staying: string[] = [];
    for (const pod of (await this.#api.listPods(signal, node)).items) {
      const { uid = "", namespace, name, deletionTimestamp } = pod.metadata ?? {};
      if (deletionTimestamp !== undefined || pod.spec === undefined) continue;
      const since = this.#since.get(uid) ?? this.#clock.monotonic();
      this.#since.set(uid, since);
      staying.push(uid);
      if (this.#clock.monotonic() - since < patienceMs(pod.spec, taints)) continue;
      const message = `Marking for deletion Pod ${namespace}/${name}`;
      this.#recorder.tell(podReference(pod), { type: "Normal", reason: "TaintManagerEviction", message });
      await this.#api.deletePod(pod, signal);
    }
    return staying;
  }
}

/** How long a pod may stay beside taints; for ever where it tolerates them all without an end. */
export function patienceMs({ tolerations = [] }: Pick<PodSpec, "tolerations">, taints: readonly Taint[]): number {
  const each = taints.map((taint) => {
    const match = tolerations.find((one) => toleratesAll({ containers: [], tolerations: [one] }, [taint]));
    const { tolerationSeconds = Number.POSITIVE_INFINITY } = match ?? { tolerationSeconds: 0 };
    return Math.max(0, tolerationSeconds) * 1000;
  });
  return Math.min(...each);
}
