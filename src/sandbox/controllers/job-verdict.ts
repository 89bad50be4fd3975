import type { Job, JobCondition } from "kubernetes-types/batch/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { timestamp } from "../kube-api/cluster.ts";
import { isActive } from "./pod-state.ts";
import { sum } from "./rollout-numbers.ts";

/** How a job ends: its condition, the one that is told before it, and the event. */
export type Verdict = {
  readonly holds: "Complete" | "Failed";
  readonly before: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
  readonly type: "Normal" | "Warning";
  readonly event: string;
  readonly eventMessage: string;
};

/** Why a job has failed, if it has. */
export function failureOf(job: Job, failed: number, pods: readonly Pod[], now: number): Verdict | undefined {
  const { activeDeadlineSeconds, backoffLimit = 6, template } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  const restarts = template?.spec?.restartPolicy === "OnFailure" ? restartsOf(pods) : 0;
  const isTooMany = failed > backoffLimit || (restarts > 0 && restarts >= backoffLimit);
  if (isTooMany) return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  const seconds = activeDeadlineSeconds ?? Number.POSITIVE_INFINITY;
  const isLate = startTime !== undefined && now - Date.parse(String(startTime)) >= seconds * 1000;
  return isLate ? failure("DeadlineExceeded", "Job was active longer than specified deadline") : undefined;
}

function failure(reason: string, message: string): Verdict {
  const told = { type: "Warning", event: reason, eventMessage: message } as const;
  return { holds: "Failed", before: "FailureTarget", reason, message, ...told };
}

function restartsOf(pods: readonly Pod[]): number {
  const all = pods
    .filter(isActive)
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]);
  return sum(all, ({ restartCount }) => restartCount);
}

export function verdictConditions({ before, holds, reason, message }: Verdict, now: number): readonly JobCondition[] {
  return [before, holds].map((type) => condition(type, "True", reason, message, now));
}

/** What a job that goes on says of itself: whether it is held up. */
export function openConditions({ status }: Job, isSuspended: boolean, now: number): readonly JobCondition[] {
  const had = status?.conditions ?? [];
  const current = had.find(({ type }) => type === "Suspended");
  const others = had.filter(({ type }) => type !== "Suspended");
  if (isSuspended === (current?.status === "True")) return had;
  return [
    ...others,
    isSuspended
      ? condition("Suspended", "True", "JobSuspended", "Job suspended", now)
      : condition("Suspended", "False", "JobResumed", "Job resumed", now),
  ];
}

function condition(type: string, status: string, reason: string, message: string, now: number): JobCondition {
  const time = timestamp(now);
  return { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time };
}
