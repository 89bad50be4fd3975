import type { Job, JobCondition } from "kubernetes-types/batch/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { timestamp } from "../kube-api/cluster.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Hands } from "./hands.ts";
import { failureOf, openConditions, type Verdict, verdictConditions } from "./job-verdict.ts";
import { counts, isActive, isReady, podOf } from "./pod-state.ts";
import { makePods } from "./replica-set.ts";

/** After a pod has failed the next one waits: so long at first, twice as long each time. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/** Keeps a pod until its Job has counted how it ended. */
const TRACKING = "batch.kubernetes.io/job-tracking";

/** Lets a Job make its pods until enough have succeeded, or too many failed. @throws StatusError */
export function reconcileJob(object: KubeObject, hands: Hands): number | undefined {
  const job = object as unknown as Job;
  const pods = hands.podsOf(object);
  if (object.metadata.deletionTimestamp !== undefined) return void release(pods, hands);
  const ended = endOf(job);
  if (ended !== undefined) {
    release(pods, hands);
    return tidyUp(object, job, ended, hands);
  }
  const now = hands.now();
  const view = viewOf(job, pods, now);
  const verdict = verdictOf(view, now);
  const isHeld = verdict !== undefined || isSuspended(job);
  const wait = pauseMs(pods, now);
  const missing = isHeld ? -view.active.length : missingPods(view);
  for (const pod of view.active.slice(0, Math.max(0, -missing))) dropPod(object, pod, hands);
  const refusal = wait > 0 ? undefined : makePods(object, hands, jobPods(object, Math.max(0, missing)));
  // What was just dropped is counted the next time.
  const active = hands.podsOf(object).filter(isActive);
  hands.setStatus("jobs", object, statusOf({ ...view, active }, verdict, now));
  release(view.finished, hands);
  tellHeld(object, job, hands);
  if (verdict !== undefined) hands.tell(object, verdict.type, verdict.event, verdict.eventMessage);
  if (refusal !== undefined) throw refusal;
  return nextLook(view.job, wait, now);
}

function tellHeld(object: KubeObject, job: Job, hands: Hands): void {
  const wasHeld = job.status?.conditions?.find(({ type }) => type === "Suspended")?.status === "True";
  if (isSuspended(job) && !wasHeld) hands.tell(object, "Normal", "Suspended", "Job suspended");
  if (!isSuspended(job) && wasHeld) hands.tell(object, "Normal", "Resumed", "Job resumed");
}

/** The pods of a Job that has gone have nobody who counts them. */
export function forgetJob(object: KubeObject, hands: Hands): void {
  release(hands.podsOf(object), hands);
}

/** A Job with its pods: those that go on, those whose end was not counted yet, and the numbers with them. */
type View = {
  readonly job: Job;
  readonly active: readonly Pod[];
  readonly finished: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
};

function viewOf(job: Job, pods: readonly Pod[], now: number): View {
  const startTime = job.status?.startTime ?? (isSuspended(job) ? undefined : timestamp(now));
  const finished = pods.filter((pod) => !isActive(pod) && pod.metadata?.finalizers?.includes(TRACKING));
  const won = finished.filter(({ status }) => status?.phase === "Succeeded").length;
  return {
    job: { ...job, status: { ...job.status, ...(startTime && { startTime }) } },
    ...{ active: pods.filter(isActive), finished },
    succeeded: (job.status?.succeeded ?? 0) + won,
    failed: (job.status?.failed ?? 0) + finished.length - won,
  };
}

function release(pods: readonly Pod[], hands: Hands): void {
  for (const pod of pods.filter(({ metadata }) => metadata?.finalizers?.includes(TRACKING))) {
    hands.change<Pod>("pods", pod, ({ metadata, ...rest }) => {
      const finalizers = metadata?.finalizers?.filter((name) => name !== TRACKING) ?? [];
      return { ...rest, metadata: { ...metadata, finalizers } };
    });
  }
}

function jobPods(object: KubeObject, count: number): readonly object[] {
  const template = (object as unknown as Job).spec?.template ?? {};
  const finalizers = [...(template.metadata?.finalizers ?? []), TRACKING];
  const tracked = { ...template, metadata: { ...template.metadata, finalizers } };
  return Array(count).fill(podOf(object, tracked));
}

function isSuspended({ spec }: Job): boolean {
  return (spec as { readonly suspend?: boolean } | undefined)?.suspend === true;
}

function missingPods({ job: { spec }, active, succeeded }: View): number {
  const { parallelism = 1, completions } = spec ?? {};
  if (completions === undefined) return succeeded > 0 ? 0 : parallelism - active.length;
  return Math.min(parallelism, completions - succeeded) - active.length;
}

function verdictOf({ job, active, succeeded, failed }: View, now: number): Verdict | undefined {
  const failure = failureOf(job, failed, active, now);
  if (failure !== undefined) return failure;
  const { completions } = job.spec ?? {};
  const isEnough = completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;
  if (!isEnough || isSuspended(job)) return undefined;
  const message = "Reached expected number of succeeded pods";
  const told = { type: "Normal", event: "Completed", eventMessage: "Job completed" } as const;
  return { holds: "Complete", before: "SuccessCriteriaMet", reason: "CompletionsReached", message, ...told };
}

function pauseMs(pods: readonly Pod[], now: number): number {
  const failed = pods.filter(({ status }) => status?.phase === "Failed");
  const ends = failed.map((pod) => endTime(pod) ?? now);
  if (ends.length === 0) return 0;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (ends.length - 1), LONGEST_PAUSE_MS);
  return Math.max(0, Math.max(...ends) + pause - now);
}

function endTime({ status }: Pod): number | undefined {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(String(state?.terminated?.finishedAt)));
  const known = ends.filter((end) => !Number.isNaN(end));
  return known.length > 0 ? Math.max(...known) : undefined;
}

function dropPod(object: KubeObject, pod: Pod, hands: Hands): void {
  hands.remove("pods", pod);
  hands.tell(object, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata?.name}`);
}

function statusOf(view: View, verdict: Verdict | undefined, now: number): object {
  const { job, active, succeeded, failed } = view;
  const { startTime } = job.status ?? {};
  const conditions: readonly JobCondition[] = openConditions(job, isSuspended(job), now);
  return {
    ...(startTime && { startTime }),
    ...{ uncountedTerminatedPods: {}, ready: active.filter(isReady).length, terminating: 0 },
    ...counts({ active: active.length, succeeded, failed }),
    ...(verdict?.holds === "Complete" && { completionTime: timestamp(now) }),
    conditions: verdict === undefined ? conditions : [...conditions, ...verdictConditions(verdict, now)],
  };
}

function nextLook({ spec, status }: Job, pause: number, now: number): number | undefined {
  const { activeDeadlineSeconds } = spec ?? {};
  const deadline =
    activeDeadlineSeconds === undefined || status?.startTime === undefined
      ? []
      : [Math.max(0, Date.parse(String(status.startTime)) + activeDeadlineSeconds * 1000 - now)];
  const waits = [...(pause > 0 ? [pause] : []), ...deadline];
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

/** When the job was over, in milliseconds since 1970; undefined for one that goes on. */
function endOf({ status }: Job): number | undefined {
  const end = status?.conditions?.find(
    ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
  );
  return end && Date.parse(String(end.lastTransitionTime));
}

/** A job that is over goes after the time that it says. */
function tidyUp(object: KubeObject, { spec }: Job, ended: number, hands: Hands): number | undefined {
  const { ttlSecondsAfterFinished } = spec ?? {};
  if (ttlSecondsAfterFinished === undefined) return undefined;
  const wait = ended + ttlSecondsAfterFinished * 1000 - hands.now();
  if (wait > 0) return wait;
  hands.remove("jobs", object, "Foreground");
  return undefined;
}
