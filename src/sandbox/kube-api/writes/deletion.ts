import { type Cluster, type Target, timestamp } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { isEqual, type JsonObject, type KubeObject, type Meta, objectOr, without } from "../json.ts";
import { namespaces } from "../kinds/namespaces.ts";
import { graceSeconds } from "../kinds/pods.ts";
import type { Resource } from "../resource.ts";
import { crds, resourcesOf } from "../schema/crds.ts";
import {
  badRequest,
  detailsOf,
  forbidden,
  invalid,
  notFound,
  oneOf,
  qualified,
  StatusError,
  wrong,
} from "../status.ts";
import { finalizersOf, withNextGeneration } from "./draft.ts";
import { remove, removeEmptyCrd, removeEmptyNamespace } from "./remove.ts";

export type DeleteOptions = {
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly isDryRun: boolean;
  /** What becomes of the objects that belong to it; collected where there are controllers. */
  readonly propagation?: Propagation | undefined;
};

export type Propagation = "Background" | "Foreground" | "Orphan";

/** The finalizers of an object that waits for what belongs to it. */
export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

const DELETE_OPTIONS = { group: "meta.k8s.io", kind: "DeleteOptions", plural: "" };

function readPropagation(body: JsonObject | undefined, query: URLSearchParams): Propagation | undefined {
  const { propagationPolicy = query.get("propagationPolicy"), orphanDependents } = body ?? {};
  const field = "propagationPolicy";
  if (propagationPolicy === undefined || propagationPolicy === null || propagationPolicy === "") {
    return orphanDependents === true ? "Orphan" : orphanDependents === false ? "Background" : undefined;
  }
  if (typeof orphanDependents === "boolean") {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    throw invalid(DELETE_OPTIONS, "", [wrong(field, propagationPolicy, why)]);
  }
  const errors = oneOf(field, propagationPolicy, ["Foreground", "Background", "Orphan", "nil"]);
  if (errors.length > 0) throw invalid(DELETE_OPTIONS, "", errors);
  return propagationPolicy as Propagation;
}

/** `isGone`: the object is out of the store; else it is marked and waits for its finalizers or its kubelet. */
export type Deletion = { readonly object: KubeObject; readonly isGone: boolean };

/**
 * Reads DeleteOptions from the body and the query.
 */
export function readDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const { gracePeriodSeconds = query.get("gracePeriodSeconds") ?? undefined, preconditions, dryRun } = body ?? {};
  const grace =
    gracePeriodSeconds === undefined || gracePeriodSeconds === null ? undefined : Number(gracePeriodSeconds);
  if (grace !== undefined && !Number.isInteger(grace)) throw badRequest("gracePeriodSeconds is a whole number");
  const { uid, resourceVersion } = objectOr(preconditions);
  return {
    gracePeriodSeconds: grace,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
    propagation: readPropagation(body, query),
    isDryRun: (Array.isArray(dryRun) && dryRun.includes("All")) || query.get("dryRun") === "All",
  };
}

/** DELETE of one object. @throws StatusError */
export function deleteObject(cluster: Cluster, target: Target, options: DeleteOptions): Deletion {
  const { resource, name } = target;
  const current = cluster.store.of(resource).get(keyOf(target));
  if (current === undefined) throw notFound(resource, name);
  checkPreconditions(resource, current, options);
  if (resource === namespaces) return deleteNamespace(cluster, current, options);
  if (resource === crds) return deleteCrd(cluster, current, options);
  return deleteOne(cluster, resource, current, options);
}

/** The object with the finalizer of its propagation, and without that of another. */
function propagated(object: KubeObject, propagation: Propagation | undefined): KubeObject {
  if (propagation === undefined) return object;
  const had = finalizersOf(object.metadata);
  const others = had.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  const own = propagation === "Foreground" ? [FOREGROUND] : propagation === "Orphan" ? [ORPHAN] : [];
  const finalizers = [...others, ...own];
  if (isEqual(finalizers, had)) return object;
  return {
    ...object,
    metadata: { ...without(object.metadata, "finalizers"), ...(finalizers.length > 0 && { finalizers }) } as Meta,
  };
}

function deleteOne(cluster: Cluster, resource: Resource, stored: KubeObject, options: DeleteOptions): Deletion {
  const current = propagated(stored, options.propagation);
  const isPod = resource.group === "" && resource.kind === "Pod";
  const grace = isPod ? graceSeconds(current, options.gracePeriodSeconds) : 0;
  const isWaiting = grace > 0 || finalizersOf(current.metadata).length > 0;
  const next = isPod || isWaiting ? marked(cluster, current, grace) : current;
  if (options.isDryRun) return { object: next, isGone: !isWaiting };
  if (!isWaiting) {
    // A pod is marked first also where nobody waits for its end: watches hear of both.
    const last = isPod && next !== current ? cluster.store.put(resource, next) : next;
    return { object: remove(cluster, resource, last), isGone: true };
  }
  return { object: next === stored ? stored : cluster.store.put(resource, next), isGone: false };
}

/** The object with the time of its end; one that is being deleted already can only end sooner. */
function marked(cluster: Cluster, object: KubeObject, grace: number): KubeObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp !== undefined && grace >= Number(deletionGracePeriodSeconds)) return object;
  const times = {
    deletionTimestamp: timestamp(cluster.now() + grace * 1000),
    deletionGracePeriodSeconds: grace,
  };
  const next: KubeObject = { ...object, metadata: { ...object.metadata, ...times } };
  return deletionTimestamp === undefined ? withNextGeneration(next) : next;
}

const lasting: ReadonlySet<string> = new Set(["default", "kube-public", "kube-system"]);

function deleteNamespace(cluster: Cluster, current: KubeObject, options: DeleteOptions): Deletion {
  const { name } = current.metadata;
  if (lasting.has(name)) throw forbidden(namespaces, name, "this namespace may not be deleted");
  const next = { ...marked(cluster, current, 0), status: { ...objectOr(current.status), phase: "Terminating" } };
  if (options.isDryRun) return { object: next, isGone: false };
  const object = cluster.store.put(namespaces, next);
  for (const other of cluster.registry.all()) if (other.isNamespaced) deleteAll(cluster, other, name);
  removeEmptyNamespace(cluster, name);
  return { object, isGone: false };
}

function deleteCrd(cluster: Cluster, current: KubeObject, options: DeleteOptions): Deletion {
  const next = marked(cluster, current, 0);
  if (options.isDryRun) return { object: next, isGone: false };
  const object = cluster.store.put(crds, next);
  const [resource] = resourcesOf(object);
  if (resource !== undefined) deleteAll(cluster, resource, "");
  removeEmptyCrd(cluster, object.metadata.name);
  return { object, isGone: cluster.store.of(crds).get(keyOf(object.metadata)) === undefined };
}

function deleteAll(cluster: Cluster, resource: Resource, namespace: string): void {
  const options = { gracePeriodSeconds: undefined, uid: undefined, resourceVersion: undefined, isDryRun: false };
  for (const object of cluster.store.of(resource).list(namespace)) deleteOne(cluster, resource, object, options);
}

function checkPreconditions(resource: Resource, current: KubeObject, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw failedPrecondition(resource, name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw failedPrecondition(resource, name, why);
  }
}

function failedPrecondition(resource: Resource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource.kind, resource.group)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, { details: detailsOf(resource, name, resource.kind) });
}
