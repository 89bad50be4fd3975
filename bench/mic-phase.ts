import type { Traffic } from "../src/sandbox/azure/traffic.ts";
import type { Measured } from "./measured.ts";
import { until } from "./until.ts";

/** One thing that happened to the cluster, and what MIC made of it. Times count from the first request for a pod. */
export type Phase = {
  /** Until the API server had taken all of it. */
  readonly podsMs: number;
  readonly firstPatchMs: number;
  /** Until all that had to follow was done. */
  readonly doneMs: number;
  readonly gets: number;
  readonly patches: number;
};
type Happening = {
  readonly what: string;
  readonly happen: () => Promise<unknown>;
  readonly isDone: () => boolean;
  readonly traffic: Traffic;
  readonly mic: Measured;
};

/** The original as shipped needs two minutes for each phase of the full case. */
const LIMIT_MS = 600_000;

export async function measurePhase(
  { what, happen, isDone, traffic, mic }: Happening,
  signal: AbortSignal,
): Promise<Phase> {
  const before = countCalls(traffic);
  const started = performance.now();
  let podsMs = Number.NaN;
  let firstPatchMs = Number.NaN;
  const happening = happen().then(() => {
    podsMs = performance.now() - started;
  });
  const isOver = () => {
    mic.checkRuns();
    const isPatching = countCalls(traffic).patches > before.patches;
    if (Number.isNaN(firstPatchMs) && isPatching) firstPatchMs = performance.now() - started;
    return isDone();
  };
  const [doneMs] = await Promise.all([until(isOver, { what, limitMs: LIMIT_MS, signal }), happening]);
  const after = countCalls(traffic);
  return { podsMs, firstPatchMs, doneMs, gets: after.gets - before.gets, patches: after.patches - before.patches };
}

/** Calls for machines: reads and changes. */
function countCalls(traffic: Traffic): { readonly gets: number; readonly patches: number } {
  return {
    gets: traffic.calls("arm.virtualMachines.get") + traffic.calls("arm.virtualMachineScaleSets.get"),
    patches: traffic.calls("arm.virtualMachines.update") + traffic.calls("arm.virtualMachineScaleSets.update"),
  };
}
