import type { PodCondition } from "kubernetes-types/core/v1.d.ts";
import { type ContainerView, hasBegun, kubeTime } from "./container-life.ts";

export type Named = ContainerView & { readonly name: string };

/** A container that prepares the pod: whether the next may begin, and whether it stays beside the others. */
export type FirstView = Named & { readonly letsOn: boolean; readonly stays: boolean };

type Seen = {
  readonly phase: string;
  readonly startedAt: number;
  readonly first: readonly FirstView[];
  readonly containers: readonly Named[];
};
type Verdict = Pick<PodCondition, "status" | "reason" | "message">;

/** The conditions of a pod, with a kubelet's reasons. */
export function conditionsOf(seen: Seen): PodCondition[] {
  const { startedAt, first, containers } = seen;
  const watched = [...first.filter(({ stays }) => stays), ...containers];
  const condition = (type: string, verdict: Verdict, views: readonly ContainerView[]): PodCondition => ({
    ...{ type, ...verdict },
    lastTransitionTime: kubeTime(Math.max(startedAt, ...views.map(({ since }) => since))),
  });
  return [
    condition("PodScheduled", { status: "True" }, []),
    condition("Initialized", initialised(seen), first),
    condition("ContainersReady", ready(seen, watched), watched),
    condition("Ready", ready(seen, watched), watched),
  ];
}

function initialised({ phase, first, containers }: Seen): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (containers.some(hasBegun)) return { status: "True" };
  return unless(
    "ContainersNotInitialized",
    "incomplete",
    first.filter(({ letsOn }) => !letsOn),
  );
}

function ready({ phase }: Seen, watched: readonly Named[]): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  return unless(
    "ContainersNotReady",
    "unready",
    watched.filter(({ isReady }) => !isReady),
  );
}

function unless(reason: string, how: string, lacking: readonly Named[]): Verdict {
  if (lacking.length === 0) return { status: "True" };
  const names = lacking.map(({ name }) => name).join(" ");
  return { status: "False", reason, message: `containers with ${how} status: [${names}]` };
}
