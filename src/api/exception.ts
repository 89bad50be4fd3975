import * as v from "valibot";
import { kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";
import { anySpelling } from "./spelling.ts";

const exceptionSchema = objectSchema({
  spec: anySpelling({ podLabels: v.optional(v.record(v.string(), v.string()), {}) }),
});

/** An AzurePodIdentityException: pods of its namespace with any one of the labels go past NMI. */
export type PodException = { readonly meta: Meta; readonly podLabels: Readonly<Record<string, string>> };

/** Reads an AzurePodIdentityException in today's or an older spelling. @throws Fault OBJECT_INVALID */
export function readException(raw: unknown): PodException {
  const { metadata, spec } = readObject(exceptionSchema, kinds.exception, raw);
  return { meta: metadata, podLabels: spec.podLabels };
}
