import { readFile } from "node:fs/promises";
import { type Kind, kinds } from "../../api/kinds.ts";
import { type Pod, readPod } from "../../api/pod.ts";
import type { Standing, Walk } from "./walk.ts";

/** What a pod printed, whatever became of it. */
export async function logOf(walk: Walk, namespace: string, pod: string): Promise<string> {
  return readFile(walk.sandbox.logOf(namespace, pod) ?? "", "utf8").catch(() => "");
}

/** The pods of MIC or of NMI, by the label that their manifests give them. */
export async function podsOf(walk: Walk, component: string): Promise<readonly Pod[]> {
  const pods = await walk.client.list(kinds.pod, { labelSelector: `component=${component}` }, walk.signal);
  return pods.map(readPod);
}

/** Whether none of them is left. */
export async function areNoPods(walk: Walk, component: string): Promise<Standing<true>> {
  const left = (await podsOf(walk, component)).length;
  return left === 0 ? { value: true } : { now: `${left} left` };
}

/** What all pods of MIC or of NMI printed. */
export async function logsOf(walk: Walk, component: string): Promise<string> {
  const pods = await podsOf(walk, component);
  const logs = await Promise.all(pods.map(({ meta }) => logOf(walk, meta.namespace, meta.name)));
  return logs.join("");
}

/** The last line that they printed, as a clause. */
export async function lastWordsOf(walk: Walk, component: string): Promise<string> {
  const last = (await logsOf(walk, component)).trimEnd().split("\n").at(-1);
  return last ? `the last that ${component} said is: ${last}` : `no pod of ${component} has said anything`;
}

/** The log once it has all lines. */
export async function linesOf(
  walk: Walk,
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
  expected: readonly RegExp[],
): Promise<Standing<string>> {
  const log = await logOf(walk, namespace, pod);
  const found = expected.filter((line) => line.test(log)).length;
  return found === expected.length ? { value: log } : { now: `${found} of ${expected.length}` };
}

/** Whether no object of a kind is left in any namespace. */
export async function areNone(walk: Walk, kind: Kind): Promise<Standing<true>> {
  const left = await walk.client.list(kind, {}, walk.signal);
  return left.length === 0 ? { value: true } : { now: `${left.length} left` };
}

/** Whether no machine carries an identity. */
export async function areOffMachines(walk: Walk): Promise<Standing<true>> {
  for (const { name, machineId } of walk.sandbox.nodes) {
    const left = await walk.sandbox.azure.identitiesOn(machineId);
    if (left.length > 0) return { now: `${name} has ${left.length}` };
  }
  return { value: true };
}

/** The event with a reason that a pod has. */
export async function eventOf(walk: Walk, namespace: string, pod: string, reason: string): Promise<Standing<true>> {
  const fieldSelector = `involvedObject.name=${pod},reason=${reason}`;
  const events = await walk.client.list(kinds.event, { namespace, fieldSelector }, walk.signal);
  return events.length > 0 ? { value: true } : { now: "none" };
}

/** The node that a pod runs on. */
export async function nodeOf(walk: Walk, { namespace, pod }: { readonly namespace: string; readonly pod: string }) {
  return readPod(await walk.client.get(kinds.pod, { namespace, name: pod }, walk.signal)).nodeName;
}
