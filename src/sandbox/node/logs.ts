import { readFile } from "node:fs/promises";
import type { NodeLogs } from "../kube-api/reads/pod-log.ts";
import type { Kubelet } from "./kubelet.ts";

/** The kubelet that knows a pod's log. */
export function keeperOf(kubelets: readonly Kubelet[], namespace: string, pod: string): Kubelet | undefined {
  return kubelets.find((kubelet) => kubelet.logOf(namespace, pod) !== undefined);
}

/** What the nodes keep, as the API server asks for it; they may come and go meanwhile. */
export function logsOf(kubelets: readonly Kubelet[]): NodeLogs {
  return {
    read: async (namespace, pod, container) => {
      const file = keeperOf(kubelets, namespace, pod)?.logOf(namespace, pod, container);
      return file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
    },
    follow: async function* (namespace, pod, container, signal) {
      yield* keeperOf(kubelets, namespace, pod)?.followLog(namespace, pod, container, signal) ?? [];
    },
  };
}
