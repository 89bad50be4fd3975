import type { JsonObject } from "../json.ts";
import { jsonFieldsOf, type KubeField } from "../types/kube-types.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const HOMES: Readonly<Record<string, string>> = {
  meta: META,
  apiextensions: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
};

/** The types that are more than their JSON: by the name that clients know them by. */
const named: Readonly<Record<string, readonly [name: string, schema: JsonObject]>> = {
  time: [`${META}.Time`, { type: "string", format: "date-time" }],
  "micro-time": [`${META}.MicroTime`, { type: "string", format: "date-time" }],
  quantity: ["io.k8s.apimachinery.pkg.api.resource.Quantity", { oneOf: [{ type: "string" }, { type: "number" }] }],
  "int-or-string": [
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  ],
};

/** Which fields an owner of fields owns: of any names. */
const FIELDS: readonly [name: string, schema: JsonObject] = [`${META}.FieldsV1`, { type: "object" }];

const plain: Readonly<Record<string, JsonObject>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int: { type: "integer", format: "int64" },
  float: { type: "number", format: "double" },
  byte: { type: "integer" },
  bytes: { type: "string", format: "byte" },
  duration: { type: "string" },
  any: { type: "object" },
};

/** The name of a built-in type in OpenAPI: `io.k8s.api.core.v1.Pod` of `core.Pod`. */
export function schemaName(type: string): string {
  const [home = "", name] = type.split(".");
  return `${HOMES[home] ?? `io.k8s.api.${home}.v1`}.${name}`;
}

export function refTo(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** Adds the schema of a built-in type and of all that it is made of. */
export function addType(schemas: Map<string, JsonObject>, type: string): void {
  const name = schemaName(type);
  if (schemas.has(name)) return;
  const fields = jsonFieldsOf(type);
  schemas.set(name, {}); // types contain themselves
  const properties = Object.fromEntries(fields.map((field) => [field.name, fieldSchema(schemas, field)]));
  const required = fields.filter(({ isAlways, isPointer }) => isAlways && !isPointer).map((field) => field.name);
  schemas.set(name, { type: "object", properties, ...(required.length > 0 && { required }) });
}

function fieldSchema(schemas: Map<string, JsonObject>, { name, type, mergeKey, retainsKeys }: KubeField): JsonObject {
  if (name === "fieldsV1") {
    schemas.set(...FIELDS);
    return { allOf: [refTo(FIELDS[0])] };
  }
  const strategies = [...(mergeKey === undefined ? [] : ["merge"]), ...(retainsKeys ? ["retainKeys"] : [])];
  return {
    ...typeSchema(schemas, type),
    ...(mergeKey && { "x-kubernetes-patch-merge-key": mergeKey }),
    ...(strategies.length > 0 && { "x-kubernetes-patch-strategy": strategies.join(",") }),
  };
}

function typeSchema(schemas: Map<string, JsonObject>, type: string): JsonObject {
  if (type.startsWith("wrapped")) return typeSchema(schemas, type.slice("wrapped".length));
  if (type.startsWith("[]")) return { type: "array", items: typeSchema(schemas, type.slice(2)) };
  if (type.startsWith("{}")) return { type: "object", additionalProperties: typeSchema(schemas, type.slice(2)) };
  const simple = plain[type];
  if (simple !== undefined) return simple;
  const special = named[type];
  if (special !== undefined) schemas.set(...special);
  else addType(schemas, type);
  return { allOf: [refTo(special?.[0] ?? schemaName(type))] };
}
