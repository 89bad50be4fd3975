import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import type { KubeObject } from "../kube-api/json.ts";
import { isComplete, type Note, timeLeftMs, writeStatus } from "./deployment-status.ts";
import type { Hands } from "./hands.ts";
import { isOver } from "./pod-state.ts";
import { furnishNewest, isRescaled, REVISION, type Revisions, revisionOf, revisionsOf, scaleSet } from "./revisions.ts";
import { newestWants, olderWant, wantedOf } from "./rollout-numbers.ts";

/** Takes a Deployment one step further: its newest ReplicaSet up, the older ones down, its status. @throws StatusError */
export function reconcileDeployment(object: KubeObject, hands: Hands): number | undefined {
  const revisions = revisionsOf(object, hands);
  if (object.metadata.deletionTimestamp !== undefined) return written(object, revisions, hands);
  const deployment = object as unknown as Deployment;
  const { older, newest } = revisions;
  const sets = [...older, ...(newest ? [newest] : [])];
  if (deployment.spec?.paused === true || sets.some((set) => isRescaled(deployment, set))) {
    scale(object, sets, hands);
    return written(object, revisionsOf(object, hands), hands);
  }
  return deployment.spec?.strategy?.type === "Recreate"
    ? recreate(object, revisions, hands)
    : roll(object, revisions, hands);
}

/** A new number of pods goes to the set that has them; where several do, the rollout that goes on shares them out. */
function scale(object: KubeObject, sets: readonly ReplicaSet[], hands: Hands): void {
  const deployment = object as unknown as Deployment;
  const active = sets.filter(({ spec }) => (spec?.replicas ?? 1) > 0);
  const only = active.length === 0 ? sets.at(-1) : active.length === 1 ? active[0] : undefined;
  if (only !== undefined) scaleSet(object, only, deployment.spec?.replicas ?? 1, hands);
  else for (const set of active) scaleSet(object, set, set.spec?.replicas ?? 1, hands);
}

function roll(object: KubeObject, revisions: Revisions, hands: Hands): number | undefined {
  const deployment = object as unknown as Deployment;
  const { newest, note } = furnished(object, revisions, hands);
  const { older } = revisions;
  const has = newest.spec?.replicas ?? 1;
  const wants = newestWants(deployment, has, wantedOf([newest, ...older]));
  if (!scaleSet(object, newest, wants, hands)) {
    for (const [set, count] of olderWant(deployment, newest, older)) scaleSet(object, set, count, hands);
  }
  return finished(object, hands, note);
}

/** All older pods go before the first new one comes. */
function recreate(object: KubeObject, revisions: Revisions, hands: Hands): number | undefined {
  const { older } = revisions;
  const active = older.filter(({ spec }) => (spec?.replicas ?? 1) > 0);
  for (const set of active) scaleSet(object, set, 0, hands);
  const runs = older.some((set) => hands.podsOf(set as unknown as KubeObject).some((pod: Pod) => !isOver(pod)));
  if (active.length > 0 || runs) return written(object, revisionsOf(object, hands), hands);
  const { newest, note } = furnished(object, revisions, hands);
  scaleSet(object, newest, (object as unknown as Deployment).spec?.replicas ?? 1, hands);
  return finished(object, hands, note);
}

function furnished(object: KubeObject, revisions: Revisions, hands: Hands) {
  const newest = furnishNewest(object, revisions, hands);
  const name = newest.metadata?.name;
  const note: Note =
    revisions.newest === undefined
      ? { isNew: true, reason: "NewReplicaSetCreated", message: `Created new replica set "${name}"` }
      : { isNew: false, reason: "FoundNewReplicaSet", message: `Found new replica set "${name}"` };
  markRevision(object, newest, hands);
  return { newest, note };
}

function markRevision(object: KubeObject, newest: ReplicaSet, hands: Hands): void {
  const revision = String(revisionOf(newest));
  hands.change<Deployment>("deployments", object as unknown as Deployment, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { ...current.metadata?.annotations, [REVISION]: revision } },
  }));
}

function finished(object: KubeObject, hands: Hands, note: Note): number | undefined {
  const revisions = revisionsOf(object, hands);
  const deployment = object as unknown as Deployment;
  if (isComplete(deployment, deployment.status ?? {})) forgetOldest(deployment, revisions, hands);
  return written(object, revisions, hands, note);
}

function written(object: KubeObject, revisions: Revisions, hands: Hands, note?: Note): number | undefined {
  writeStatus(object, revisions, hands, note);
  const latest = hands.latest<Deployment>("deployments", object as unknown as Deployment);
  return latest && timeLeftMs(latest, hands.now());
}

/** Sets that want no pods are kept for a way back, but so many only. */
function forgetOldest({ spec }: Deployment, { older }: Revisions, hands: Hands): void {
  const isIdle = ({ spec: set, status, metadata }: ReplicaSet) =>
    (set?.replicas ?? 1) === 0 && (status?.replicas ?? 0) === 0 && metadata?.deletionTimestamp === undefined;
  const extra = Math.max(0, older.length - (spec?.revisionHistoryLimit ?? 10));
  for (const set of older.slice(0, extra).filter(isIdle)) hands.remove("replicasets", set);
}
