import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Node, Pod, PodSpec, Toleration } from "kubernetes-types/core/v1.d.ts";
import type { KubeObject } from "../kube-api/json.ts";
import { isSelected, repelling, toleratesAll } from "../placement.ts";
import { podOf } from "./pod-state.ts";

export const HASH_LABEL = "controller-revision-hash";
const GENERATION = "deprecated.daemonset.template.generation";

/** Taints that a node in trouble gets do not keep daemons away. */
const tolerated: readonly Toleration[] = [
  ...["not-ready", "unreachable"].map((name) => toleration(name, "NoExecute")),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((name) =>
    toleration(name, "NoSchedule"),
  ),
];

function toleration(name: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: "Exists", effect };
}

function specOf(set: DaemonSet): PodSpec {
  const spec = set.spec?.template.spec ?? { containers: [] };
  const onHost = spec.hostNetwork ? [toleration("network-unavailable", "NoSchedule")] : [];
  return { ...spec, tolerations: [...(spec.tolerations ?? []), ...tolerated, ...onHost] };
}

/** The pod of a DaemonSet for one node: the scheduler puts it there and nowhere else. */
export function daemonPod(object: KubeObject, node: string, hash: string): object {
  const set = object as unknown as DaemonSet;
  const generation = set.metadata?.annotations?.[GENERATION];
  const spec = specOf(set);
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
  };
  const labels = { [HASH_LABEL]: hash, ...(generation && { "pod-template-generation": generation }) };
  const template = set.spec?.template ?? {};
  return podOf(object, template, {
    metadata: { labels },
    spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity } },
  });
}

/** Whether a node is to have a pod, and whether one that it has may stay. */
export function claimOn(set: DaemonSet, node: Node): { readonly isWanted: boolean; readonly mayStay: boolean } {
  const spec = specOf(set);
  if (!isSelected(spec, node)) return { isWanted: false, mayStay: false };
  const isWanted = toleratesAll(spec, repelling(node));
  return { isWanted, mayStay: isWanted || toleratesAll(spec, repelling(node, "NoExecute")) };
}

/** The node that a pod is on or is for. */
export function nodeOf({ spec }: Pod): string {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const [term] = required?.nodeSelectorTerms ?? [];
  return spec?.nodeName || (term?.matchFields?.[0]?.values?.[0] ?? "");
}
