import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { HASH_LABEL } from "./daemon-pod.ts";
import { isActive, isAvailable } from "./pod-state.ts";
import { amountOf } from "./rollout-numbers.ts";

/** What a DaemonSet has on one node. */
export type OnNode = {
  readonly name: string;
  readonly isWanted: boolean;
  readonly mayStay: boolean;
  /** Oldest first; those that are ending too. */
  readonly pods: readonly Pod[];
};

/** Which nodes get a new pod beside the older one, and which pods go, to come nearer to the present template. */
export type Replacement = { readonly missing: readonly string[]; readonly extra: readonly Pod[] };

type Pair = { readonly node: string; readonly fresh: Pod | undefined; readonly old: Pod | undefined };

export function replaced(set: DaemonSet, nodes: readonly OnNode[], hash: string, now: number): Replacement {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type !== "RollingUpdate") return { missing: [], extra: [] };
  const wanted = nodes.filter(({ isWanted }) => isWanted);
  const { maxSurge, maxUnavailable } = (rollingUpdate ?? {}) as Readonly<Record<string, number | string>>;
  const surge = amountOf(maxSurge, wanted.length, Math.ceil);
  const unavailable = surge > 0 ? 0 : Math.max(1, amountOf(maxUnavailable, wanted.length, Math.ceil));
  const serves = (pod: Pod | undefined) =>
    pod !== undefined && isActive(pod) && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const pairs = wanted.map((node) => pairOf(node, hash));
  return surge > 0 ? beside(pairs, surge, serves) : inPlace(pairs, unavailable, serves);
}

function pairOf({ name, pods }: OnNode, hash: string): Pair {
  const isFresh = (pod: Pod) => pod.metadata?.labels?.[HASH_LABEL] === hash;
  return { node: name, fresh: pods.find(isFresh), old: pods.find((pod) => !isFresh(pod)) };
}

type Serves = (pod: Pod | undefined) => boolean;

/** The older pod goes first; those that serve nobody at once, others while few enough nodes are without. */
function inPlace(pairs: readonly Pair[], most: number, serves: Serves): Replacement {
  const older = pairs.flatMap(({ fresh, old }) => (fresh === undefined && old !== undefined ? [old] : []));
  const isDown = pairs.filter(({ fresh, old }) => !serves(fresh ?? old)).length;
  const idle = older.filter((pod) => !serves(pod));
  const serving = older.filter((pod) => serves(pod)).slice(0, Math.max(0, most - isDown));
  return { missing: [], extra: [...idle, ...serving].filter(isActive) };
}

/** The new pod comes first; the older one goes once the new one serves. */
function beside(pairs: readonly Pair[], most: number, serves: Serves): Replacement {
  const both = pairs.filter(({ fresh, old }) => fresh !== undefined && old !== undefined);
  const done = both.filter(({ fresh, old }) => serves(fresh) || !serves(old));
  const alone = pairs.filter(({ fresh, old }) => fresh === undefined && old !== undefined);
  const idle = alone.filter(({ old }) => !serves(old));
  const serving = alone.filter(({ old }) => serves(old)).slice(0, Math.max(0, most - (both.length - done.length)));
  return {
    missing: [...idle, ...serving].map(({ node }) => node),
    extra: done.flatMap(({ old }) => (old !== undefined && isActive(old) ? [old] : [])),
  };
}
