import { readAssignment } from "../../api/assignment.ts";
import { kinds } from "../../api/kinds.ts";
import { readPod } from "../../api/pod.ts";
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
  const pods = await walk.client.list(kinds.pod, { namespace: "default", labelSelector: "component=mic" }, walk.signal);
  const [mic] = pods.map(readPod);
  if (mic === undefined) return "MIC does not run: there is no pod default/mic, so nobody makes it; deploy MIC again";
  return mic.phase === "Running" ? undefined : `MIC does not run: pod default/mic is ${mic.phase || "Pending"}`;
}

type KubeEvent = {
  readonly type?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly lastTimestamp?: string;
};

async function newestWarning(walk: Walk): Promise<string | undefined> {
  const events = (await walk.client.list(kinds.event, {}, walk.signal)) as readonly KubeEvent[];
  const warnings = events.filter(({ type }) => type === "Warning");
  const newest = warnings.toSorted((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? "")).at(-1);
  return newest === undefined ? undefined : `MIC says (${newest.reason}): ${newest.message}`;
}
