import { readAssignment } from "../api/assignment.ts";
import { readBinding } from "../api/binding.ts";
import { readException } from "../api/exception.ts";
import { readIdentity } from "../api/identity.ts";
import { kinds, NODE_LABEL } from "../api/kinds.ts";
import { readPod } from "../api/pod.ts";
import type { Log } from "../base/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { Store } from "../kube/store.ts";
import { podIndexes } from "./callers.ts";
import { assignmentIndexes, bindingIndexes } from "./lookup.ts";

export type StoresOptions = {
  readonly client: KubeClient;
  readonly node: string;
  /** Only assignments that carry the node's label. */
  readonly isScaled: boolean;
  readonly log: Log;
};

export type NmiStores = ReturnType<typeof nmiStores>;

/** What NMI follows at the API server: this node's pods and assignments, and the objects that decide about them. */
export function nmiStores({ client, node, isScaled, log }: StoresOptions) {
  const shared = { client, log };
  const ofNode = isScaled ? { labelSelector: `${NODE_LABEL}=${node}` } : {};
  return {
    pods: new Store({
      ...shared,
      kind: kinds.pod,
      read: readPod,
      fieldSelector: `spec.nodeName=${node}`,
      indexes: podIndexes,
    }),
    assignments: new Store({
      ...shared,
      ...ofNode,
      kind: kinds.assignment,
      read: readAssignment,
      indexes: assignmentIndexes,
    }),
    bindings: new Store({ ...shared, kind: kinds.binding, read: readBinding, indexes: bindingIndexes }),
    identities: new Store({ ...shared, kind: kinds.identity, read: readIdentity }),
    exceptions: new Store({
      ...shared,
      kind: kinds.exception,
      read: readException,
      indexes: { namespace: ({ meta }) => [meta.namespace] },
    }),
  };
}
