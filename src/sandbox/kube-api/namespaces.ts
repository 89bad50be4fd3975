import { type JsonObject, type KubeObject, objectOr } from "./json.ts";

/** A namespace carries its name as a label, the finalizer of its content, and a phase. */
export function prepareNamespace(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const metadata = objectOr(object.metadata);
  const labels = { ...objectOr(metadata.labels), "kubernetes.io/metadata.name": metadata.name };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: old?.spec ?? { finalizers: ["kubernetes"] },
    status: old === undefined ? { phase: "Active" } : object.status,
  };
}
