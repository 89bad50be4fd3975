import { type Assignment, readAssignment } from "../api/assignment.ts";
import { readBinding } from "../api/binding.ts";
import { readIdentity } from "../api/identity.ts";
import { BINDING_LABEL, kinds } from "../api/kinds.ts";
import { type Node, readNode } from "../api/node.ts";
import { bindingLabel, isFinished, type Pod, readPod } from "../api/pod.ts";
import type { Drift, Settings, Snapshot } from "../assignment/types.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Change, Store } from "../kube/store.ts";
import { SharedCopies, slimNode, slimPod } from "./slim.ts";

export type MicStores = ReturnType<typeof micStores>;

/** What MIC follows at the API server: pods with the label, nodes, and the three kinds of objects that it joins. */
export function micStores(shared: {
  readonly client: KubeClient;
  readonly log: Log;
  readonly clock?: Clock;
  readonly onContact?: () => void;
  readonly onTrouble?: (fault: Fault) => void;
  readonly random?: () => number;
}) {
  const copies = new SharedCopies();
  const slimmed = (raw: unknown) => copies.share(readAssignment(raw));
  return {
    pods: new Store({ ...shared, kind: kinds.pod, read: (raw) => slimPod(readPod(raw)), labelSelector: BINDING_LABEL }),
    nodes: new Store({ ...shared, kind: kinds.node, read: (raw) => slimNode(readNode(raw)) }),
    identities: new Store({ ...shared, kind: kinds.identity, read: readIdentity }),
    bindings: new Store({ ...shared, kind: kinds.binding, read: readBinding }),
    assignments: new Store({ ...shared, kind: kinds.assignment, read: slimmed }),
  };
}

/**
 * Resolves when the stores hold all that the API server has: a watch may have been dead for minutes without a sign, and
 * whoever acts on what it knew would take identities off pods that run. Rejects with the signal's reason.
 */
export async function catchUp(stores: MicStores, signal: AbortSignal): Promise<void> {
  await Promise.all(Object.values(stores).map((store) => store.catchUp(signal)));
}

/** What the stores wait for before a leader could begin, a sentence; undefined when they hold all. */
export function notFilled(stores: MicStores): string | undefined {
  const empty = kindsOf(stores).filter(({ store }) => !store.isReady);
  const names = empty.map(({ kind }) => kind.plural);
  return names.length === 0 ? undefined : `the API server has not given all ${names.join(", ")} yet`;
}

function kindsOf({ pods, nodes, identities, bindings, assignments }: MicStores) {
  return [
    { kind: kinds.pod, store: pods },
    { kind: kinds.node, store: nodes },
    { kind: kinds.identity, store: identities },
    { kind: kinds.binding, store: bindings },
    { kind: kinds.assignment, store: assignments },
  ];
}

/** All that a plan is made from, as the stores hold it now. */
export function gather(stores: MicStores, settings: Settings, drift: readonly Drift[] = []): Snapshot {
  return {
    pods: stores.pods.list(),
    nodes: stores.nodes.list(),
    identities: stores.identities.list(),
    bindings: stores.bindings.list(),
    assignments: stores.assignments.list(),
    drift,
    settings,
  };
}

/**
 * Calls a listener whenever a plan may come out differently. Kubelets report the state of nodes and pods all the time,
 * which no plan looks at. What we write ourselves is part of the work on a machine, whose end is told in another way:
 * to look after each write would make a burst of the hundred writes a second that a burst of pods leads to.
 */
export function onRelevantChange(stores: MicStores, listener: () => void): void {
  stores.pods.onChange(unlessSame(podFacts, listener));
  stores.nodes.onChange(unlessSame(nodeFacts, listener));
  const assignmentChanged = unlessSame(assignmentFacts, listener);
  stores.assignments.onChange((change) => {
    if (!change.isOwn) assignmentChanged(change);
  });
  stores.identities.onChange(listener);
  stores.bindings.onChange(listener);
}

function unlessSame<T>(factsOf: (object: T) => string, listener: () => void): (change: Change<T>) => void {
  return ({ before, after }) => {
    const isSame = before !== undefined && after !== undefined && factsOf(before) === factsOf(after);
    if (!isSame) listener();
  };
}

function podFacts(pod: Pod): string {
  return JSON.stringify([pod.nodeName, bindingLabel(pod), isFinished(pod)]);
}

function nodeFacts(node: Node): string {
  return JSON.stringify([node.providerId, node.isWindows]);
}

/** Everything but the version, which every write of our own raises. */
function assignmentFacts({ meta, ...content }: Assignment): string {
  return JSON.stringify([meta.uid, meta.deletionTimestamp, meta.finalizers, content]);
}
