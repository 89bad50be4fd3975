import type { Pod, PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import type { KubeObject } from "../kube-api/json.ts";

export function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Whether it runs, or will. */
export function isActive(pod: Pod): boolean {
  return !isOver(pod) && pod.metadata?.deletionTimestamp === undefined;
}

function readySince({ status }: Pod): number | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? Date.parse(String(ready.lastTransitionTime)) : undefined;
}

export function isReady(pod: Pod): boolean {
  return readySince(pod) !== undefined;
}

/** Ready for as long as it takes to count as available. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod);
  return since !== undefined && (minReadySeconds === 0 || since + minReadySeconds * 1000 <= now);
}

/** When the next of them may count as available; undefined when none will by itself. */
export function nextAvailableMs(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  const waits = pods
    .filter((pod) => isReady(pod) && !isAvailable(pod, minReadySeconds, now))
    .map((pod) => (readySince(pod) ?? 0) + minReadySeconds * 1000 - now);
  return waits.length > 0 ? Math.max(0, Math.min(...waits)) : undefined;
}

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** Those that are to go first when there are too many come first: the ones that would be missed least. */
export function leastMissedFirst(pods: readonly Pod[]): readonly Pod[] {
  const rank = (pod: Pod): readonly number[] => [
    pod.spec?.nodeName ? 1 : 0,
    pod.status?.phase === "Running" ? 1 : 0,
    isReady(pod) ? 1 : 0,
    Number(pod.metadata?.annotations?.[DELETION_COST] ?? 0) || 0,
    -(readySince(pod) ?? 0),
    -Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
    -Date.parse(String(pod.metadata?.creationTimestamp)),
  ];
  return pods.toSorted((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const i = x.findIndex((value, place) => value !== y[place]);
    return i < 0 ? 0 : (x[i] ?? 0) - (y[i] ?? 0);
  });
}

/** A pod that the owner makes of a template. */
export function podOf(owner: KubeObject, template: PodTemplateSpec, more: Partial<PodTemplateSpec> = {}): object {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...{ labels: { ...labels, ...more.metadata?.labels }, annotations, finalizers },
      ownerReferences: [referenceTo(owner)],
    },
    spec: { ...template.spec, ...more.spec },
  };
}

export function referenceTo({ apiVersion, kind, metadata: { name, uid } }: KubeObject): object {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Numbers of a status: those that are 0 are not written. */
export function counts(numbers: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number !== 0));
}
