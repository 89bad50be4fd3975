import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "kubernetes-types/apps/v1.d.ts";
import { timestamp } from "../kube-api/cluster.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Hands } from "./hands.ts";
import { counts } from "./pod-state.ts";
import type { Revisions } from "./revisions.ts";
import { availableOf, boundsOf, sum, wantedOf } from "./rollout-numbers.ts";

/** What a condition says. */
type Says = { readonly reason: string; readonly message: string };
/** How the rollout began; a set that was there already tells nothing new of one that goes on. */
export type Note = Says & { readonly isNew: boolean };
type Conditions = readonly DeploymentCondition[];

const COMPLETE = "NewReplicaSetAvailable";
const LATE = "ProgressDeadlineExceeded";

export function writeStatus(object: KubeObject, revisions: Revisions, hands: Hands, first?: Note): void {
  const deployment = object as unknown as Deployment;
  const numbers = numbersOf(deployment, revisions);
  const now = timestamp(hands.now());
  let conditions: Conditions = deployment.status?.conditions ?? [];
  if (first !== undefined && (first.isNew || !conditions.some(({ type }) => type === "Progressing"))) {
    conditions = withCondition(conditions, "Progressing", true, first, now);
  }
  conditions = withAvailable(conditions, deployment, numbers, now);
  conditions = withProgress(conditions, deployment, { numbers, revisions }, hands.now());
  conditions = withFailure(conditions, revisions, now);
  hands.setStatus("deployments", object, { ...numbers, conditions });
}

function numbersOf({ metadata, status }: Deployment, { newest, older }: Revisions): DeploymentStatus {
  const all = [...older, ...(newest ? [newest] : [])];
  const there = (sets: readonly ReplicaSet[]) => sum(sets, (set) => set.status?.replicas ?? 0);
  return {
    ...counts({
      observedGeneration: metadata?.generation ?? 0,
      replicas: there(all),
      updatedReplicas: newest ? there([newest]) : 0,
      readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
      availableReplicas: availableOf(all),
      unavailableReplicas: Math.max(0, wantedOf(all) - availableOf(all)),
      collisionCount: status?.collisionCount ?? 0,
    }),
  };
}

/** Whether all wanted pods are of the present template, and available, and no others are there. */
export function isComplete({ metadata, spec }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const isAll = [updatedReplicas, replicas, availableReplicas].every((number) => number === wanted);
  return isAll && observedGeneration >= (metadata?.generation ?? 0);
}

function withAvailable(list: Conditions, deployment: Deployment, numbers: DeploymentStatus, now: string): Conditions {
  const least = (deployment.spec?.replicas ?? 1) - boundsOf(deployment).unavailable;
  const isEnough = (numbers.availableReplicas ?? 0) >= least;
  const note = isEnough
    ? { reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : { reason: "MinimumReplicasUnavailable", message: "Deployment does not have minimum availability." };
  return withCondition(list, "Available", isEnough, note, now);
}

type Progress = { readonly numbers: DeploymentStatus; readonly revisions: Revisions };

function withProgress(list: Conditions, deployment: Deployment, progress: Progress, ms: number): Conditions {
  const { numbers, revisions } = progress;
  const now = timestamp(ms);
  const current = list.find(({ type }) => type === "Progressing");
  if (deployment.spec?.paused === true) {
    if (current?.reason === LATE || current?.reason === "DeploymentPaused") return list;
    return withCondition(list, "Progressing", undefined, paused, now);
  }
  if (current?.reason === "DeploymentPaused") return withCondition(list, "Progressing", undefined, resumed, now);
  const isSettled = numbers.replicas === numbers.updatedReplicas && current?.reason === COMPLETE;
  if (isSettled) return list;
  const set = revisions.newest?.metadata?.name;
  const what = set === undefined ? `Deployment "${deployment.metadata?.name}"` : `ReplicaSet "${set}"`;
  if (isComplete(deployment, numbers)) {
    const note = { reason: COMPLETE, message: `${what} has successfully progressed.` };
    return withCondition(list, "Progressing", true, note, now);
  }
  if (hasProgressed(deployment.status ?? {}, numbers)) {
    const note = { reason: "ReplicaSetUpdated", message: `${what} is progressing.` };
    return withCondition(list, "Progressing", true, note, now, true);
  }
  if ((timeLeftMs(deployment, ms) ?? 1) > 0 || current?.reason === LATE) return list;
  return withCondition(
    list,
    "Progressing",
    false,
    { reason: LATE, message: `${what} has timed out progressing.` },
    now,
  );
}

const paused: Says = { reason: "DeploymentPaused", message: "Deployment is paused" };
const resumed: Says = { reason: "DeploymentResumed", message: "Deployment is resumed" };

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** How long a rollout may still go without progress; undefined for one that is over, one way or the other. */
export function timeLeftMs({ spec, status }: Deployment, now: number): number | undefined {
  const current = status?.conditions?.find(({ type }) => type === "Progressing");
  if (current === undefined || spec?.paused === true || current.reason === COMPLETE || current.reason === LATE) {
    return undefined;
  }
  return Math.max(0, Date.parse(String(current.lastUpdateTime)) + (spec?.progressDeadlineSeconds ?? 600) * 1000 - now);
}

/** The first refusal that keeps a set from making its pods. */
function withFailure(list: Conditions, { newest, older }: Revisions, now: string): Conditions {
  const sets = [...(newest ? [newest] : []), ...older];
  const failure = sets.flatMap(({ status }) => status?.conditions ?? []).find(({ type }) => type === "ReplicaFailure");
  if (failure === undefined) return list.filter(({ type }) => type !== "ReplicaFailure");
  const { reason = "", message = "" } = failure;
  return withCondition(list, "ReplicaFailure", true, { reason, message }, now);
}

/** The list with a condition; one that says the same already stays as it is, unless it is `fresh`. */
function withCondition(
  list: Conditions,
  type: string,
  holds: boolean | undefined,
  { reason, message }: Says,
  now: string,
  fresh = false,
): Conditions {
  const status = holds === undefined ? "Unknown" : holds ? "True" : "False";
  const current = list.find((each) => each.type === type);
  if (!fresh && current?.status === status && current.reason === reason) return list;
  const lastTransitionTime = (current?.status === status && current.lastTransitionTime) || now;
  const condition = { type, status, lastUpdateTime: now, lastTransitionTime, reason, message };
  return [...list.filter((each) => each.type !== type), condition];
}
