import { nodeLabel, readAssignment } from "../api/assignment.ts";
import { readBinding } from "../api/binding.ts";
import { readException } from "../api/exception.ts";
import { readIdentity } from "../api/identity.ts";
import { type Kind, kinds, NODE_LABEL } from "../api/kinds.ts";
import { readPod } from "../api/pod.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { Store } from "../kube/store.ts";
import { podIndexes } from "./callers/callers.ts";
import { boundIndex, identityIndexes, labelIndex } from "./evict/unbound.ts";
import { assignmentIndexes, bindingIndexes } from "./lookup.ts";

export type StoresOptions = {
  readonly client: KubeClient;
  readonly node: string;
  /** Only assignments that carry the node's label. */
  readonly isScaled: boolean;
  /** No assignments at all: their kind need not even exist. */
  readonly isManaged: boolean;
  readonly log: Log;
  /** Told each time that the API server is heard of objects of a kind. */
  readonly onContact: (kind: Kind) => void;
  readonly clock?: Clock;
};

export type NmiStores = ReturnType<typeof nmiStores>;

/**
 * What NMI follows at the API server: this node's pods and assignments, and the objects that decide about them. After an
 * outage the first that hears of it hurries the others, so that what was taken from a pod meanwhile counts soon.
 */
export function nmiStores({ client, node, isScaled, isManaged, log, onContact, ...time }: StoresOptions) {
  /** Those that have failed since they were heard of last. */
  const failing = new Set<Kind>();
  const heard = (kind: Kind) => {
    onContact(kind);
    if (!failing.delete(kind)) return;
    for (const store of Object.values(stores)) store?.hurry();
  };
  const of = (kind: Kind) => ({
    ...{ client, log, kind, ...time },
    onContact: () => heard(kind),
    onTrouble: () => void failing.add(kind),
  });
  const ofNode = isScaled ? { labelSelector: `${NODE_LABEL}=${nodeLabel(node)}` } : {};
  const stores = {
    pods: new Store({
      ...of(kinds.pod),
      read: readPod,
      fieldSelector: `spec.nodeName=${node}`,
      indexes: { ...podIndexes, ...labelIndex },
    }),
    assignments: isManaged
      ? undefined
      : new Store({ ...of(kinds.assignment), ...ofNode, read: readAssignment, indexes: assignmentIndexes }),
    bindings: new Store({ ...of(kinds.binding), read: readBinding, indexes: { ...bindingIndexes, ...boundIndex } }),
    identities: new Store({ ...of(kinds.identity), read: readIdentity, indexes: identityIndexes }),
    exceptions: new Store({
      ...of(kinds.exception),
      read: readException,
      indexes: { namespace: ({ meta }) => [meta.namespace] },
    }),
  };
  return stores;
}
