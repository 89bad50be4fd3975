import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import { realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { type KubeAccess, NodeApi } from "./api.ts";

export type SchedulerOptions = { readonly access: KubeAccess; readonly nodes: readonly string[]; readonly log: Log };

// What the sandbox's nodes carry; a pod that selects anything else fits none and waits.
const NODE_LABELS: Readonly<Record<string, string>> = { "kubernetes.io/os": "linux" };

/** Stands in for kube-scheduler: binds each pod that has no node to one of ours, in turn. Disposing ends it. */
export function startScheduler(options: SchedulerOptions): AsyncDisposable {
  const stop = new AbortController();
  const running = schedule(options, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function schedule({ access, nodes, log }: SchedulerOptions, signal: AbortSignal): Promise<void> {
  await using api = new NodeApi(access, ""); // pods that are bound to no node
  const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 });
  let turn = 0;
  const place = async (pod: Pod) => {
    const node = nodes[turn % nodes.length];
    if (node === undefined || !fits(pod)) return;
    turn += 1;
    await api.bindPod(pod, node, signal).catch((reason) => {
      // Somebody else has bound or deleted it meanwhile.
      if (!Fault.is(reason, "KUBE_CONFLICT", "KUBE_NOT_FOUND")) throw reason;
    });
  };
  while (!signal.aborted) {
    try {
      const { items, metadata } = await api.listPods(signal);
      for (const pod of items) await place(pod);
      for await (const { type, object } of api.watchPods(metadata?.resourceVersion ?? "", signal)) {
        if (type === "ADDED" || type === "MODIFIED") await place(object);
      }
      backoff.reset();
    } catch (reason) {
      if (signal.aborted) return;
      log.warn("the scheduler has lost the API server", { error: Fault.from(reason).message });
      await realClock.sleep(backoff.next(), signal).catch(() => {});
    }
  }
}

function fits({ spec, metadata }: Pod): boolean {
  if (metadata?.deletionTimestamp) return false;
  return Object.entries(spec?.nodeSelector ?? {}).every(([name, value]) => NODE_LABELS[name] === value);
}
