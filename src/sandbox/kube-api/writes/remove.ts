import type { Cluster } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import type { KubeObject } from "../json.ts";
import { namespaces } from "../kinds/namespaces.ts";
import type { Resource } from "../resource.ts";
import { crdName, crds } from "../schema/crds.ts";

/**
 * Takes an object out of the store, in its last state. A namespace or a CustomResourceDefinition that is being
 * deleted goes with the last object that it held.
 */
export function remove(cluster: Cluster, resource: Resource, object: KubeObject): KubeObject {
  const last = cluster.store.remove(resource, object);
  if (resource.isCustom) removeEmptyCrd(cluster, crdName(resource));
  if (last.metadata.namespace !== undefined) removeEmptyNamespace(cluster, last.metadata.namespace);
  return last;
}

/** Removes a CustomResourceDefinition that is being deleted, once its resource has no objects. */
export function removeEmptyCrd({ store, registry }: Cluster, name: string): void {
  const crd = store.of(crds).get(keyOf({ name }));
  if (crd?.metadata.deletionTimestamp === undefined) return;
  const resource = registry.all().find((other) => other.isCustom && crdName(other) === name);
  if (resource === undefined || store.of(resource).size === 0) store.remove(crds, crd);
}

/** Removes a namespace that is being deleted, once nothing is in it. */
export function removeEmptyNamespace({ store, registry }: Cluster, name: string): void {
  const namespace = store.of(namespaces).get(keyOf({ name }));
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const isEmpty = registry
    .all()
    .every((resource) => !resource.isNamespaced || store.of(resource).list(name).length === 0);
  if (isEmpty) store.remove(namespaces, namespace);
}
