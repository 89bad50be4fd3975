import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Node, Pod } from "kubernetes-types/core/v1.d.ts";
import type { KubeObject } from "../kube-api/json.ts";
import { claimOn, daemonPod, HASH_LABEL, nodeOf } from "./daemon-pod.ts";
import { forgetRevisions, furnishRevision } from "./daemon-revision.ts";
import { type OnNode, replaced } from "./daemon-update.ts";
import type { Hands } from "./hands.ts";
import { counts, isActive, isAvailable, isReady, nextAvailableMs } from "./pod-state.ts";
import { makePods } from "./replica-set.ts";
import { sum } from "./rollout-numbers.ts";

/** Keeps a pod of the DaemonSet on each node that it is for, of its present template. @throws StatusError */
export function reconcileDaemonSet(object: KubeObject, hands: Hands): number | undefined {
  const set = object as unknown as DaemonSet;
  const pods = hands.podsOf(object);
  const nodes = onNodes(set, pods, hands);
  if (object.metadata.deletionTimestamp !== undefined) return undefined;
  const hash = furnishRevision(object, hands);
  const { missing, extra } = manage(set, nodes, hash, hands.now());
  for (const pod of extra) {
    hands.remove("pods", pod);
    hands.tell(object, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata?.name}`);
  }
  const wanted = missing.map((node) => daemonPod(object, node, hash));
  const refusal = makePods(object, hands, wanted);
  hands.setStatus("daemonsets", object, statusOf(set, nodes, hash, hands.now()));
  forgetRevisions(object, pods, hands);
  if (refusal !== undefined) throw refusal;
  return nextAvailableMs(pods.filter(isActive), set.spec?.minReadySeconds ?? 0, hands.now());
}

function onNodes(set: DaemonSet, pods: readonly Pod[], hands: Hands): readonly OnNode[] {
  const byNode = Map.groupBy(pods, nodeOf);
  return hands.all<Node>("nodes").map((node) => {
    const name = node.metadata?.name ?? "";
    return { name, ...claimOn(set, node), pods: byNode.get(name) ?? [] };
  });
}

type Todo = { readonly missing: readonly string[]; readonly extra: readonly Pod[] };

function manage(set: DaemonSet, nodes: readonly OnNode[], hash: string, now: number): Todo {
  const failed = nodes.flatMap(({ pods }) => pods.filter(isFailed));
  const unwanted = nodes.flatMap(({ mayStay, pods }) => (mayStay ? [] : pods.filter(isActive)));
  const { missing, extra } = replaced(set, nodes, hash, now);
  const empty = nodes.filter(({ isWanted, pods }) => isWanted && pods.every((pod) => isFailed(pod)));
  return { missing: [...empty.map(({ name }) => name), ...missing], extra: [...failed, ...unwanted, ...extra] };
}

function isFailed({ status, metadata }: Pod): boolean {
  const isOver = status?.phase === "Failed" || status?.phase === "Succeeded";
  return isOver && metadata?.deletionTimestamp === undefined;
}

function statusOf({ metadata, spec }: DaemonSet, nodes: readonly OnNode[], hash: string, now: number): object {
  const wanted = nodes.filter(({ isWanted }) => isWanted);
  // Where there are two for a moment the older one counts.
  const have = (fits: (pod: Pod) => boolean) =>
    sum(wanted, ({ pods: [pod] }) => (pod !== undefined && fits(pod) ? 1 : 0));
  const available = have((pod) => isAvailable(pod, spec?.minReadySeconds ?? 0, now));
  return {
    currentNumberScheduled: have(() => true),
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: sum(nodes, ({ isWanted, pods }) => (!isWanted && pods.length > 0 ? 1 : 0)),
    numberReady: have(isReady),
    ...counts({
      updatedNumberScheduled: have((pod) => pod.metadata?.labels?.[HASH_LABEL] === hash),
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
      observedGeneration: metadata?.generation ?? 0,
    }),
  };
}
