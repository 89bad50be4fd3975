import { checkAccount } from "../auth/service-accounts.ts";
import type { Cluster, Target } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { isEqual, type JsonObject, type KubeObject, objectOr, without } from "../json.ts";
import { checkOpen } from "../kinds/namespaces.ts";
import { checkEscalation } from "../rbac/escalation.ts";
import { RBAC } from "../rbac/rbac.ts";
import { inVersion } from "../resource.ts";
import { alreadyExists, conflict, notFound } from "../status.ts";
import { checkName } from "../types/decode.ts";
import { changedObject, finalizersOf, newObject } from "./draft.ts";
import { remove } from "./remove.ts";

export type WriteOptions = {
  /** Everything is checked and nothing is stored. */
  readonly isDryRun: boolean;
};

/** POST. @throws StatusError */
export function create(cluster: Cluster, target: Target, body: JsonObject, options: WriteOptions): KubeObject {
  const { resource, namespace } = target;
  const object = newObject(cluster, target, body);
  if (resource.group === RBAC) checkEscalation(cluster, resource, object);
  if (namespace !== "") checkOpen(cluster, namespace, resource, object.metadata.name);
  if (resource.kind === "Pod") checkAccount(cluster, resource, object, objectOr(body.metadata));
  if (cluster.store.of(resource).get(keyOf(object.metadata)) !== undefined) {
    throw alreadyExists(resource, object.metadata.name);
  }
  return options.isDryRun ? object : cluster.store.put(resource, object);
}

/** PUT; some kinds are created by it. @throws StatusError */
export function replace(cluster: Cluster, target: Target, body: JsonObject, options: WriteOptions): KubeObject {
  const { resource, name } = target;
  const sent = objectOr(body.metadata);
  checkName(name, sent);
  const current = cluster.store.of(resource).get(keyOf(target));
  if (current === undefined && !resource.createsOnUpdate) throw notFound(resource, name);
  const uid = current?.metadata.uid ?? "";
  if (sent.uid !== undefined && sent.uid !== uid) {
    const failed = `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${uid}`;
    const place = `StorageError: invalid object, Code: 4, Key: ${storageKey(target)}, ResourceVersion: 0`;
    throw conflict(resource, name, `${place}, AdditionalErrorMsg: ${failed}`);
  }
  if (current === undefined) {
    return create(cluster, target, { ...body, metadata: without(sent, "resourceVersion") }, options);
  }
  return update(cluster, target, () => body, { ...options, isBlind: resource.updatesBlindly });
}

/** Where the real server keeps an object in etcd. */
function storageKey({ resource: { group, plural, isCustom }, namespace, name }: Target): string {
  const parts = ["/registry", isCustom ? group : "", STORED_AS[plural] ?? plural, namespace, name];
  return parts.filter((part) => part !== "").join("/");
}
const STORED_AS: Readonly<Record<string, string>> = {
  nodes: "minions",
  services: "services/specs",
  endpoints: "services/endpoints",
};

/** Stores what `change` makes of the current object. @throws StatusError */
export function update(
  cluster: Cluster,
  target: Target,
  change: (current: KubeObject) => JsonObject,
  options: WriteOptions & { readonly isBlind: boolean },
): KubeObject {
  const { resource, name } = target;
  const stored = cluster.store.of(resource).get(keyOf(target));
  if (stored === undefined) throw notFound(resource, name);
  const current = inVersion(resource, stored);
  const next = changedObject(target, current, change(current), options.isBlind);
  if (isEqual(next, current)) return current;
  if (resource.group === RBAC) checkEscalation(cluster, resource, next);
  if (options.isDryRun) return next;
  return isDone(next) ? remove(cluster, resource, next) : cluster.store.put(resource, next);
}

/** Whether an object that is being deleted waits for nobody any more. */
function isDone({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizersOf(metadata).length === 0;
}
