import type { Assignment } from "../api/assignment.ts";
import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import { isSameClientId, isSameResource } from "../api/resource-id.ts";
import { isConfined, type Rules } from "./authorise.ts";

/** MIC's namespace for records, unless an identity is confined to its own. */
const ASSIGNMENT_NAMESPACE = "default";

/**
 * How far MIC has come with an identity for a pod. `outdated`: the record speaks of other IDs than the identity has
 * now, or of another node than the pod's, so MIC has to make it anew.
 */
export type Progress = "none" | "outdated" | "created" | "assigned";

const order: readonly Progress[] = ["none", "outdated", "created", "assigned"];

/** How far MIC has come; a record proves only that the pod's machine carries the identity, never who may use it. */
export function assignmentProgress(
  pod: Pod,
  identity: Identity,
  assignments: readonly Assignment[],
  rules: Rules,
): Progress {
  const steps = assignments
    .filter((record) => isAbout(record, pod, identity, rules))
    .map((record) => progressOf(record, pod, identity));
  return order[Math.max(0, ...steps.map((step) => order.indexOf(step)))] ?? "none";
}

function isAbout(record: Assignment, pod: Pod, identity: Identity, rules: Rules): boolean {
  const { namespace } = record.meta;
  const isTrusted =
    namespace === ASSIGNMENT_NAMESPACE || (isConfined(identity, rules) && namespace === pod.meta.namespace);
  return (
    isTrusted &&
    record.pod === pod.meta.name &&
    record.podNamespace === pod.meta.namespace &&
    objectKey(record.identity.meta) === objectKey(identity.meta)
  );
}

function progressOf(record: Assignment, pod: Pod, identity: Identity): Progress {
  if (record.nodeName !== pod.nodeName || !isCopyOf(record.identity, identity)) return "outdated";
  if (record.state === "Unassigned" || record.meta.deletionTimestamp !== "") return "outdated";
  // An empty state was written by releases older than states, after the machine had the identity.
  return record.state === "Assigned" || record.state === "" ? "assigned" : "created";
}

function isCopyOf(copy: Identity, live: Identity): boolean {
  return (
    copy.type === live.type &&
    isSameClientId(copy.clientId, live.clientId) &&
    isSameResource(copy.resourceId, live.resourceId)
  );
}
