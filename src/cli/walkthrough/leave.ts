import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import type { KubeObject } from "../kubectl/target.ts";
import type { Kubectl } from "../kubectl/verb.ts";
import { LEASE } from "./install.ts";
import type { Walk } from "./walk.ts";

/** How long a walkthrough that did not come to its end may take to leave a cluster, whatever its own time limit. */
const LEAVE_MS = 30_000;

/**
 * Takes away what a walkthrough has made in the user's cluster, object by object: what has gone already is fine, one that
 * cannot be removed hinders no other, and is named. The cluster was empty when the walkthrough began.
 */
export async function leaveCluster(walk: Walk, kubectl: Kubectl): Promise<void> {
  const last = { ...walk, signal: AbortSignal.timeout(LEAVE_MS) };
  const left: string[] = [];
  const lease: KubeObject = { apiVersion: "coordination.k8s.io/v1", kind: kinds.lease.kind, metadata: LEASE };
  for (const object of [lease, ...walk.created].toReversed()) {
    // Objects that MIC can no longer release: nobody else needs their finalizers.
    if (object.metadata.name === `${kinds.assignment.plural}.${kinds.assignment.group}`) await releaseAssignments(last);
    const why = await whyNotRemoved(kubectl, object, last.signal);
    if (why !== "") left.push(`${object.kind} ${object.metadata.name} (${why})`);
  }
  if (left.length > 0) walk.screen.failed(`the cluster may still hold ${left.join("; ")}`);
}

async function whyNotRemoved(kubectl: Kubectl, object: KubeObject, signal: AbortSignal): Promise<string> {
  try {
    const input = JSON.stringify(object);
    const { ok, output } = await kubectl.run({ args: ["delete", "-f", "-"], input }, signal);
    return ok || /\(NotFound\)|have a resource type/.test(output) ? "" : output.trimEnd();
  } catch (reason) {
    return Fault.from(reason).message;
  }
}

async function releaseAssignments({ client, signal }: Walk): Promise<void> {
  const records = await client.list(kinds.assignment, {}, signal).catch(() => []);
  for (const { metadata } of records as readonly { metadata: { namespace: string; name: string } }[]) {
    const body = { metadata: { finalizers: null } };
    await client.patch(kinds.assignment, metadata, { type: "merge", body }, signal).catch(() => {}); // it went
  }
}
