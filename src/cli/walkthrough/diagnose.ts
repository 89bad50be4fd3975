import { readAssignment } from "../../api/assignment.ts";
import { kinds } from "../../api/kinds.ts";
import { podsOf } from "./probes.ts";
import type { Walk } from "./walk.ts";

/** Why a pod has no identity yet: a clause that names the cause, from what the cluster itself tells. */
export async function diagnoseAssignment(walk: Walk, podName: string): Promise<string> {
  const mic = await stateOfMic(walk);
  if (mic !== undefined) return mic;
  const warning = await newestWarning(walk);
  if (warning !== undefined) return warning;
  const assignments = (await walk.client.list(kinds.assignment, {}, walk.signal)).map(readAssignment);
  const state = assignments.find(({ pod }) => pod === podName)?.state;
  return state === undefined ? `MIC has made none for pod ${podName}` : `it is still ${state || "without a state"}`;
}

async function stateOfMic(walk: Walk): Promise<string | undefined> {
  const pods = await podsOf(walk, "mic");
  if (pods.length === 0) return "MIC does not run: there is no pod of it, so nobody makes it; deploy MIC again";
  if (pods.some(({ phase }) => phase === "Running")) return undefined;
  return `MIC does not run: its pod is ${pods[0]?.phase || "Pending"}`;
}

type KubeEvent = {
  readonly type?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string };
};

async function newestWarning(walk: Walk): Promise<string | undefined> {
  const events = (await walk.client.list(kinds.event, {}, walk.signal)) as readonly KubeEvent[];
  const warnings = events.filter(({ type }) => type === "Warning");
  const newest = warnings.toSorted((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? "")).at(-1);
  if (newest === undefined) return undefined;
  return `${newest.source?.component || "an event"} says (${newest.reason}): ${newest.message}`;
}
