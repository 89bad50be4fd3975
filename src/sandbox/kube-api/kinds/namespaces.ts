import type { Cluster } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { builtIn, type Resource } from "../resource.ts";
import { forbidden, notFound } from "../status.ts";

export const namespaces = builtIn("", "Namespace", "namespaces", {
  shortNames: ["ns"],
  isNamespaced: false,
  nameForm: "label",
  hasStatus: true,
  returnsDeleted: true,
  selectableFields: { "status.phase": ({ status }) => objectOr(status).phase },
  prepare: prepareNamespace,
});

/** The namespaces of an empty cluster. */
export const firstNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"] as const;

/** A namespace carries its name as a label, the finalizer of its content, and a phase. */
function prepareNamespace(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const metadata = objectOr(object.metadata);
  const labels = { ...objectOr(metadata.labels), "kubernetes.io/metadata.name": metadata.name };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: old?.spec ?? { finalizers: ["kubernetes"] },
    status: old === undefined ? { phase: "Active" } : object.status,
  };
}

/** Checks that a namespace takes new objects. @throws StatusError when it does not exist or is being deleted */
export function checkOpen({ store }: Cluster, namespace: string, resource: Resource, name: string): void {
  const found = store.of(namespaces).get(keyOf({ name: namespace }));
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `namespace ${namespace} is being terminated`;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
}
