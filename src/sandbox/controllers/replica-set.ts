import type { ReplicaSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { timestamp } from "../kube-api/cluster.ts";
import type { KubeObject } from "../kube-api/json.ts";
import { StatusError } from "../kube-api/status.ts";
import type { Hands } from "./hands.ts";
import { counts, isActive, isAvailable, isReady, leastMissedFirst, nextAvailableMs, podOf } from "./pod-state.ts";

/** Keeps as many pods as a ReplicaSet wants. @throws StatusError when one cannot be made */
export function reconcileReplicaSet(object: KubeObject, hands: Hands): number | undefined {
  const set = object as unknown as ReplicaSet;
  const pods = hands.podsOf(object).filter(isActive);
  const refusal = object.metadata.deletionTimestamp === undefined ? manage(object, pods, hands) : undefined;
  hands.setStatus("replicasets", object, statusOf(set, pods, refusal, hands.now()));
  if (refusal !== undefined) throw refusal;
  return nextAvailableMs(pods, set.spec?.minReadySeconds ?? 0, hands.now());
}

/** Makes or deletes what is missing or too many; the result is the API server's refusal. */
function manage(object: KubeObject, pods: readonly Pod[], hands: Hands): StatusError | undefined {
  const { spec } = object as unknown as ReplicaSet;
  const missing = (spec?.replicas ?? 1) - pods.length;
  for (const pod of leastMissedFirst(pods).slice(0, Math.max(0, -missing))) {
    hands.remove("pods", pod);
    hands.tell(object, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata?.name}`);
  }
  const template = spec?.template;
  if (template === undefined) return undefined;
  return makePods(object, hands, Array(Math.max(0, missing)).fill(podOf(object, template)));
}

/** Makes pods that belong to an object, up to the first that is refused; the result is the refusal. */
export function makePods(owner: KubeObject, hands: Hands, pods: readonly object[]): StatusError | undefined {
  try {
    for (const pod of pods) {
      const { metadata } = hands.create("pods", owner.metadata.namespace ?? "", pod);
      hands.tell(owner, "Normal", "SuccessfulCreate", `Created pod: ${metadata.name}`);
    }
    return undefined;
  } catch (reason) {
    if (!(reason instanceof StatusError)) throw reason;
    hands.tell(owner, "Warning", "FailedCreate", `Error creating: ${reason.message}`);
    return reason;
  }
}

function statusOf(
  { metadata, spec, status }: ReplicaSet,
  pods: readonly Pod[],
  refusal: StatusError | undefined,
  now: number,
): object {
  const labels = Object.entries(spec?.template?.metadata?.labels ?? {});
  const isLabelled = (pod: Pod) => labels.every(([name, value]) => pod.metadata?.labels?.[name] === value);
  const available = pods.filter((pod) => isAvailable(pod, spec?.minReadySeconds ?? 0, now));
  const failed = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: refusal?.message };
  const before = status?.conditions?.find(({ type }) => type === failed.type)?.lastTransitionTime;
  return {
    replicas: pods.length,
    ...counts({
      fullyLabeledReplicas: pods.filter(isLabelled).length,
      readyReplicas: pods.filter(isReady).length,
      availableReplicas: available.length,
      observedGeneration: metadata?.generation ?? 0,
    }),
    ...(refusal && { conditions: [{ ...failed, lastTransitionTime: before ?? timestamp(now) }] }),
  };
}
