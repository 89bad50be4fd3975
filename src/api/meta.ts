import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import type { Kind } from "./kinds.ts";

const words = v.optional(v.nullable(v.record(v.string(), v.string()), {}), {});

const metaSchema = v.object({
  name: v.string(),
  namespace: v.optional(v.string(), ""),
  uid: v.optional(v.string(), ""),
  resourceVersion: v.optional(v.string(), ""),
  generation: v.optional(v.number(), 0),
  creationTimestamp: v.optional(v.nullable(v.string(), ""), ""),
  deletionTimestamp: v.optional(v.nullable(v.string(), ""), ""),
  labels: words,
  annotations: words,
  finalizers: v.optional(v.nullable(v.array(v.string()), []), []),
});

/** What we read of an object's metadata; absent texts are empty. */
export type Meta = Readonly<v.InferOutput<typeof metaSchema>>;

/** A namespace and a name as one word, e.g. `default/demo`: how logs name objects and maps key them. */
export function objectKey(meta: Pick<Meta, "namespace" | "name">): string {
  return `${meta.namespace}/${meta.name}`;
}

/** Metadata as the API server takes it back: empty values are left out, since "" is no time and no version. */
export function writeMeta(meta: Meta): object {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: string | number | object): boolean {
  return value === "" || value === 0 || (typeof value === "object" && Object.keys(value).length === 0);
}

/** A schema for an object of Kubernetes: its metadata beside the given entries. */
export function objectSchema<const E extends v.ObjectEntries>(entries: E) {
  return v.object({ metadata: metaSchema, ...entries });
}

/**
 * Reads one object from the API server.
 * @throws Fault OBJECT_INVALID that names the object and every value that does not fit, by path
 */
export function readObject<S extends v.GenericSchema>(schema: S, kind: Kind, raw: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, raw);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? "object"}: ${issue.message}`);
  throw new Fault("OBJECT_INVALID", `${kind.kind} ${nameOf(raw)} cannot be read: ${problems.join("; ")}`);
}

function nameOf(raw: unknown): string {
  const result = v.safeParse(v.object({ metadata: metaSchema }), raw);
  return result.success ? objectKey(result.output.metadata) : "without a name";
}
