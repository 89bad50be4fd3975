import { type Kind, kinds } from "../../api/kinds.ts";
import { realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { isGone } from "./install.ts";
import { remove, type Step, until, type Walk } from "./walk.ts";

const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };
/** How long a walkthrough that did not come to its end may take to leave a cluster, whatever its own time limit. */
const LEAVE_MS = 30_000;

/** Takes MIC, NMI and the custom resources away: a cluster of the user's own is left as it was. */
export const uninstall: Step = {
  title: "Uninstall",
  run: async (walk) => {
    const pods = walk.created.filter(({ kind }) => kind === kinds.pod).map(({ name }) => name);
    walk.screen.typed(`kubectl delete pod ${pods.join(" ")}`);
    for (const pod of pods) await remove(walk, kinds.pod, pod);
    for (const pod of pods) await until(walk, { what: `pod ${pod} to go`, probe: () => isGone(walk, pod) });
    walk.screen.typed("kubectl delete -f charts/aad-pod-identity/crds/crd.yaml");
    const definitions = definitionsOf(walk);
    for (const { kind, name } of walk.created.toReversed()) await remove(walk, kind, name);
    await until(walk, { what: "the custom resources to go", probe: () => areUndefined(walk, definitions) });
    await removeLease(walk);
    walk.screen.ok("nothing of it is left in the cluster");
  },
};

function definitionsOf(walk: Walk): readonly string[] {
  return walk.created.filter(({ kind }) => kind === kinds.crd).map(({ name }) => name);
}

/** The API server first deletes the objects of a kind, then forgets the kind. */
async function areUndefined(walk: Walk, names: readonly string[]): Promise<{ value: true } | { now: string }> {
  const definitions = (await walk.client.list(kinds.crd, {}, walk.signal)) as readonly { metadata: { name: string } }[];
  const left = definitions.filter(({ metadata }) => names.includes(metadata.name));
  return left.length === 0 ? { value: true } : { now: `${left.length} left` };
}

async function removeLease(walk: Walk): Promise<void> {
  await walk.client.remove(kinds.lease, LEASE, {}, walk.signal).catch((reason) => {
    if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
  });
}

/**
 * Takes away what a walkthrough that did not come to its end has made in the user's cluster, object by object: one that
 * cannot be removed hinders no other, and is named. The cluster was empty when the walkthrough began.
 */
export async function leaveCluster(walk: Walk): Promise<void> {
  const last = { ...walk, signal: AbortSignal.timeout(LEAVE_MS) };
  const left: string[] = [];
  const definitions = definitionsOf(walk);
  for (const { kind, name } of walk.created.toReversed()) {
    await attempt(`${kind.kind} ${name}`, left, () =>
      kind === kinds.crd ? removeKind(last, name) : remove(last, kind, name),
    );
    if (kind === kinds.pod) await attempt(`Pod ${name}`, left, () => waitUntil(last, () => isGone(last, name)));
  }
  await attempt("the custom resources", left, () => waitUntil(last, () => areUndefined(last, definitions)));
  await attempt("the Lease of MIC", left, () => removeLease(last));
  if (left.length > 0) walk.screen.failed(`the cluster may still hold ${left.join("; ")}`);
}

async function attempt(what: string, left: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (reason) {
    left.push(`${what} (${Fault.from(reason).message})`);
  }
}

/** A custom resource whose objects MIC can no longer release: nobody else needs their finalizers. */
async function removeKind(walk: Walk, name: string): Promise<void> {
  const kind = Object.values<Kind>(kinds).find(({ plural, group }) => name === `${plural}.${group}`);
  if (kind === kinds.assignment) await releaseAssignments(walk);
  await remove(walk, kinds.crd, name);
}

async function releaseAssignments(walk: Walk): Promise<void> {
  const records = await walk.client.list(kinds.assignment, {}, walk.signal).catch(() => []);
  for (const { metadata } of records as readonly { metadata: { namespace: string; name: string } }[]) {
    const body = { metadata: { finalizers: null } };
    await walk.client.patch(kinds.assignment, metadata, { type: "merge", body }, walk.signal).catch(() => {}); // it went
  }
}

async function waitUntil(walk: Walk, probe: () => Promise<object>): Promise<void> {
  while (!("value" in (await probe()))) await realClock.sleep(100, walk.signal);
}
