import { randomInt, randomUUID } from "node:crypto";
import { type Cluster, type Target, timestamp } from "../cluster.ts";
import { isEqual, type JsonObject, type KubeObject, keeping, objectOr, textOr, without } from "../json.ts";
import type { Resource } from "../resource.ts";
import { metadataErrors } from "../rules/names.ts";
import { ruleErrors } from "../rules/rules.ts";
import { schemaErrors } from "../schema/errors.ts";
import { conflict, type FieldError, invalid, notAllowed, StatusError, wrong } from "../status.ts";
import { checkName, checkNamespace, decode } from "../types/decode.ts";

const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A new object as it is stored, out of what the client sent. @throws StatusError */
export function newObject(cluster: Cluster, target: Target, body: JsonObject): KubeObject {
  const { resource, namespace } = target;
  const draft = decode(resource, body);
  const sent = objectOr(draft.metadata);
  if (sent.resourceVersion !== undefined) {
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  }
  checkNamespace(namespace, sent);
  const prefix = textOr(sent.generateName);
  const metadata = {
    ...keeping({}, sent, "labels", "annotations", "ownerReferences", "finalizers", "generateName"),
    name: textOr(sent.name) || (prefix && `${prefix.slice(0, 58)}${randomName()}`),
    ...(namespace !== "" && { namespace }),
    uid: randomUUID(),
    resourceVersion: "",
    ...(resource.hasGeneration && { generation: 1 }),
    creationTimestamp: timestamp(cluster.now()),
  };
  const content = resource.hasStatus && !resource.keepsFirstStatus ? without(draft, "status") : draft;
  return settle(resource, { ...content, metadata }, undefined);
}

function randomName(): string {
  return Array.from({ length: 5 }, () => NAME_ALPHABET[randomInt(NAME_ALPHABET.length)]).join("");
}

/**
 * An object as it is after an update, out of the current one and the whole that the client wants. Equal to the
 * current one, but for metadata that only the server writes, when nothing changes.
 * @throws StatusError
 */
export function changedObject(target: Target, current: KubeObject, body: JsonObject, isBlind: boolean): KubeObject {
  const { resource, name, namespace, subresource } = target;
  const draft = decode(resource, body);
  const sent = objectOr(draft.metadata);
  checkName(name, sent);
  checkNamespace(namespace, sent);
  checkVersion(resource, current, sent, isBlind);
  if (sent.uid !== undefined && sent.uid !== current.metadata.uid) {
    const error = wrong("metadata.uid", sent.uid, "field is immutable");
    throw invalid(resource, name, [error, error]); // the real server checks it twice
  }
  const object =
    subresource === "status"
      ? {
          ...current,
          metadata: resource.isCustom ? current.metadata : changedMeta(current, sent),
          status: draft.status,
        }
      : { ...draft, metadata: changedMeta(current, sent), ...(resource.hasStatus && { status: current.status }) };
  const next = settle(resource, object, current);
  return isEqual(content(resource, next), content(resource, current)) ? next : withNextGeneration(next);
}

function checkVersion(resource: Resource, current: KubeObject, sent: JsonObject, isBlind: boolean): void {
  const { name, resourceVersion } = current.metadata;
  if (sent.resourceVersion === undefined && !isBlind) {
    const field = "metadata.resourceVersion";
    throw invalid(resource, name, [wrong(field, 0, "must be specified for an update")], resource.plural);
  }
  if (sent.resourceVersion !== undefined && sent.resourceVersion !== resourceVersion) throw conflict(resource, name);
}

/** What clients may write in metadata comes from them, the rest stays. */
function changedMeta(current: KubeObject, sent: JsonObject): JsonObject {
  return keeping(current.metadata, sent, "labels", "annotations", "ownerReferences", "finalizers");
}

/** Normal form, then every check. */
function settle(resource: Resource, object: JsonObject, old: KubeObject | undefined): KubeObject {
  const settled = resource.prepare?.(object, old) ?? object;
  const metadata = objectOr(settled.metadata);
  const errors = [
    ...metadataErrors(metadata, resource),
    ...newFinalizerErrors(metadata, old),
    ...(resource.schema === undefined ? [] : schemaErrors(without(settled, "metadata"), resource.schema, "")),
    ...(resource.isCustom ? [] : ruleErrors(resource, settled, old)),
    ...(resource.validate?.(settled, old) ?? []),
  ];
  if (errors.length > 0) throw invalid(resource, textOr(metadata.name), errors);
  return settled as KubeObject;
}

function newFinalizerErrors(metadata: JsonObject, old: KubeObject | undefined): FieldError[] {
  if (old?.metadata.deletionTimestamp === undefined) return [];
  const had = finalizersOf(old.metadata);
  const added = finalizersOf(metadata).filter((name) => !had.includes(name));
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(", ");
  const message = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [notAllowed("metadata.finalizers", message)];
}

export function finalizersOf({ finalizers }: JsonObject): readonly string[] {
  return Array.isArray(finalizers) ? finalizers : [];
}

/** What counts as a change of an object's content; a status of its own URL does not. */
function content(resource: Resource, object: KubeObject): JsonObject {
  return without(object, "metadata", ...(resource.hasStatus ? ["status"] : []));
}

export function withNextGeneration(object: KubeObject): KubeObject {
  const { generation } = object.metadata;
  if (typeof generation !== "number") return object;
  return { ...object, metadata: { ...object.metadata, generation: generation + 1 } };
}
