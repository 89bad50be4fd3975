import type { NmiMetrics } from "../metrics.ts";

type State = {
  isServing: boolean;
  /** What brings pods' requests here, once that has begun. */
  interception?: { trouble(): string | undefined };
};

/** Whether this NMI serves pods: the same for its probes, its file and its gauge. */
export function readiness(metrics: NmiMetrics) {
  const state: State = { isServing: false };
  const trouble = () => state.interception?.trouble();
  const isActive = () => state.isServing && trouble() === undefined;
  metrics.follow("aadpodidentity_nmi_serving", () => Number(isActive()));
  return { state, trouble, isActive };
}
