import { readFile } from "node:fs/promises";
import { type Kind, kinds } from "../../api/kinds.ts";
import { readPod } from "../../api/pod.ts";
import type { Standing, Walk } from "./walk.ts";

/** What a pod printed, whatever became of it. */
export async function logOf(walk: Walk, namespace: string, pod: string): Promise<string> {
  return readFile(walk.sandbox.logOf(namespace, pod) ?? "", "utf8").catch(() => "");
}

/** The last line that a pod printed, as a clause. */
export async function lastWords(walk: Walk, namespace: string, pod: string): Promise<string> {
  const last = (await logOf(walk, namespace, pod)).trimEnd().split("\n").at(-1);
  return last ? `the last that pod ${namespace}/${pod} said is: ${last}` : `pod ${namespace}/${pod} has said nothing`;
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

/** Whether a pod has gone. */
export async function isGone(walk: Walk, namespace: string, pod: string): Promise<Standing<true>> {
  const fieldSelector = `metadata.name=${pod}`;
  const pods = await walk.client.list(kinds.pod, { namespace, fieldSelector }, walk.signal);
  return pods.length === 0 ? { value: true } : { now: "terminating" };
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
