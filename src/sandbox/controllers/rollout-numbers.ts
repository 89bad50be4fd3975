import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1.d.ts";

/** A number of pods as people write it: `2`, or `25%` of those wanted. */
export function amountOf(value: number | string | undefined, wanted: number, round: (part: number) => number): number {
  if (typeof value !== "string") return value ?? 0;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? Number(value) || 0 : round((Number(percent) * wanted) / 100);
}

export type Bounds = { readonly surge: number; readonly unavailable: number };

/** How many pods more, and how many less than wanted there may be during a rollout. One of them is above 0. */
export function boundsOf({ spec }: Deployment): Bounds {
  const wanted = spec?.replicas ?? 1;
  if (spec?.strategy?.type !== "RollingUpdate") return { surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate ?? {};
  const surge = amountOf(maxSurge as number | string, wanted, Math.ceil);
  const unavailable = amountOf(maxUnavailable as number | string, wanted, Math.floor);
  if (surge === 0 && unavailable === 0) return { surge, unavailable: Math.min(1, wanted) };
  return { surge, unavailable: Math.min(unavailable, wanted) };
}

/** Pods that ReplicaSets want. */
export function wantedOf(sets: readonly ReplicaSet[]): number {
  return sum(sets, ({ spec }) => spec?.replicas ?? 1);
}

export function availableOf(sets: readonly ReplicaSet[]): number {
  return sum(sets, ({ status }) => status?.availableReplicas ?? 0);
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** How many pods the newest ReplicaSet is to want, with `has` of them and `all` over all sets. */
export function newestWants(deployment: Deployment, has: number, all: number): number {
  const wanted = deployment.spec?.replicas ?? 1;
  if (deployment.spec?.strategy?.type !== "RollingUpdate" || has >= wanted) return wanted;
  const room = wanted + boundsOf(deployment).surge - all;
  return room <= 0 ? has : has + Math.min(room, wanted - has);
}

/** How many pods each of the older sets is to want; sets that stay as they are are left out. */
export function olderWant(
  deployment: Deployment,
  newest: ReplicaSet,
  older: readonly ReplicaSet[],
): ReadonlyMap<ReplicaSet, number> {
  const least = (deployment.spec?.replicas ?? 1) - boundsOf(deployment).unavailable;
  const missing = (newest.spec?.replicas ?? 1) - (newest.status?.availableReplicas ?? 0);
  const most = wantedOf([newest, ...older]) - least - missing;
  const left = new Map(older.map((set) => [set, set.spec?.replicas ?? 1]));
  if (most <= 0) return new Map();
  const take = (set: ReplicaSet, count: number) => left.set(set, (left.get(set) ?? 0) - count);
  let unhealthy = most; // those that serve nobody go first
  for (const set of older) {
    const spare = Math.min(unhealthy, Math.max(0, (left.get(set) ?? 0) - (set.status?.availableReplicas ?? 0)));
    take(set, spare);
    unhealthy -= spare;
  }
  let healthy = Math.max(0, availableOf([newest, ...older]) - least);
  for (const set of older) {
    const count = Math.min(healthy, left.get(set) ?? 0);
    take(set, count);
    healthy -= count;
  }
  return new Map([...left].filter(([set, count]) => count !== (set.spec?.replicas ?? 1)));
}
