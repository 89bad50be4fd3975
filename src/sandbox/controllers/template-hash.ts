import { createHash } from "node:crypto";
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import { isEqual, type Json, type JsonObject, objectOr, without } from "../kube-api/json.ts";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
export const HASH_LABEL = "pod-template-hash";

/** A short name for a template, as it looks in names of pods; it is another one than a real cluster's for the same. */
export function templateHash(template: PodTemplateSpec | undefined, collisions = 0): string {
  const text = JSON.stringify([sorted(template as unknown as Json), collisions]);
  const number = createHash("sha1").update(text).digest().readUInt32BE();
  return [...String(number)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

/** The same JSON with names in order. */
function sorted(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  const object = value as JsonObject;
  const names = Object.keys(object).filter((name) => object[name] !== undefined);
  return Object.fromEntries(names.sort().map((name) => [name, sorted(object[name])]));
}

/** Whether two templates make the same pods; the mark of a ReplicaSet's own does not count. */
export function isSameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return isEqual(unmarked(a), unmarked(b));
}

function unmarked(template: PodTemplateSpec | undefined): JsonObject {
  const { metadata, ...rest } = objectOr(template as unknown as Json);
  const { labels, ...others } = objectOr(metadata);
  return { ...rest, metadata: { ...others, labels: without(objectOr(labels), HASH_LABEL) } };
}
