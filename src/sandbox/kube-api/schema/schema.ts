import { isList, isObject, type Json, type JsonObject, objectOr } from "../json.ts";
import { readObjectMeta, unknownMeta } from "../types/object-meta.ts";

/** A structural schema (`openAPIV3Schema` of a CustomResourceDefinition), with the keywords of `KEYWORDS` only. */
export type Schema = JsonObject;

const KEYWORDS: ReadonlySet<string> = new Set([
  ...["type", "format", "nullable", "properties", "additionalProperties", "items", "required", "enum", "default"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"],
  ...["minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "anyOf", "oneOf", "allOf", "not"],
  ...["title", "description", "example", "externalDocs"],
  ...["x-kubernetes-embedded-resource", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"],
  ...["x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"],
]);

/** The keywords of a schema that this server cannot honour, each with its path. */
export function unknownKeywords(schema: Json | undefined, path: string): string[] {
  if (!isObject(schema)) return [];
  return [
    ...Object.keys(schema)
      .filter((name) => !KEYWORDS.has(name) && name !== "$ref") // which has a refusal of its own
      .map((name) => `${path}.${name}`),
    ...Object.entries(objectOr(schema.properties)).flatMap(([name, property]) =>
      unknownKeywords(property, `${path}.properties[${name}]`),
    ),
    ...unknownKeywords(schema.additionalProperties, `${path}.additionalProperties`),
    ...unknownKeywords(schema.items, `${path}.items`),
  ];
}

/**
 * The value without the fields that its schema does not declare, and with its defaults.
 * `isResource`: the value has apiVersion, kind and metadata, which belong to no schema.
 * @throws Error when the metadata of an embedded object cannot be read
 */
export function pruned(value: Json, schema: Schema, isResource = isEmbedded(schema)): Json {
  if (isList(value)) {
    const items = schema.items;
    return isObject(items) ? value.map((item) => pruned(item, items)) : value;
  }
  return isObject(value) ? prunedObject(value, schema, isResource) : value;
}

function prunedObject(value: JsonObject, schema: Schema, isResource: boolean): JsonObject {
  const properties = objectOr(schema.properties);
  const kept: Record<string, Json | undefined> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    if (isResource && name === "metadata") kept[name] = readObjectMeta(field);
    else if (isResource && (name === "apiVersion" || name === "kind")) kept[name] = field;
    else {
      const property = propertySchema(schema, name);
      if (property === true) kept[name] = field;
      else if (property !== undefined && !isStrayNull(field, property)) kept[name] = pruned(field, property);
    }
  }
  for (const [name, property] of Object.entries(properties)) {
    const { default: fallback } = objectOr(property);
    const isMissing = kept[name] === undefined;
    if (fallback !== undefined && isMissing) kept[name] = pruned(fallback, objectOr(property));
  }
  return kept;
}

/** The paths of the fields that a value has and its schema does not declare. */
export function undeclared(value: Json, schema: Schema, path: string, isResource = isEmbedded(schema)): string[] {
  if (isList(value)) {
    const { items } = schema;
    return isObject(items) ? value.flatMap((item, i) => undeclared(item, items, `${path}[${i}]`)) : [];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    if (field === undefined || (isResource && (name === "apiVersion" || name === "kind"))) return [];
    const inner = path === "" ? name : `${path}.${name}`;
    if (isResource && name === "metadata") return unknownMeta(field).map((each) => `${inner}.${each}`);
    const property = propertySchema(schema, name);
    if (property === undefined) return [inner];
    return property === true ? [] : undeclared(field, property, inner);
  });
}

function isEmbedded(schema: Schema): boolean {
  return schema["x-kubernetes-embedded-resource"] === true;
}

/** A null where none may stand counts as absent. */
function isStrayNull(field: Json, schema: Schema): boolean {
  return field === null && schema.nullable !== true;
}

/** The schema of a field; true when anything may stand there, undefined when the field is not declared. */
function propertySchema(schema: Schema, name: string): Schema | true | undefined {
  const properties = objectOr(schema.properties);
  const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (isObject(declared)) return declared;
  if (isObject(schema.additionalProperties)) return schema.additionalProperties;
  if (schema.additionalProperties === true || schema["x-kubernetes-preserve-unknown-fields"] === true) return true;
  return undefined;
}
