import { isList, isObject, type Json, type JsonObject, objectOr } from "../json.ts";
import { type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";
import { schemaErrors } from "./errors.ts";
import { pruned, type Schema } from "./schema.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];

/** Why a schema is not structural: every field says its type, and what it says makes sense. */
export function structureErrors(schema: Schema, path: string): FieldError[] {
  const { type } = schema;
  if (type === "object") return insideErrors(schema, path);
  const error =
    type === undefined
      ? required(`${path}.type`, "must not be empty at the root")
      : wrong(`${path}.type`, type, "must be object at the root");
  return [...insideErrors(schema, path), error];
}

function insideErrors(schema: Schema, path: string): FieldError[] {
  const { properties, additionalProperties, items } = schema;
  return [
    ...keywordErrors(schema, path),
    ...Object.entries(objectOr(properties)).flatMap(([name, property]) =>
      nodeErrors(property, `${path}.properties[${name}]`, "object fields"),
    ),
    ...(isObject(additionalProperties)
      ? nodeErrors(additionalProperties, `${path}.additionalProperties`, "object fields")
      : []),
    ...(isObject(items) ? nodeErrors(items, `${path}.items`, "array items") : []),
    ...defaultErrors(schema, path),
  ];
}

function nodeErrors(node: Json | undefined, path: string, where: string): FieldError[] {
  if (!isObject(node)) return [];
  const isFree = node["x-kubernetes-int-or-string"] === true || node["x-kubernetes-preserve-unknown-fields"] === true;
  const isTyped = typeof node.type === "string" || isFree || node.$ref !== undefined;
  return [
    ...insideErrors(node, path),
    ...(isTyped ? [] : [required(`${path}.type`, `must not be empty for specified ${where}`)]),
  ];
}

function keywordErrors(schema: Schema, path: string): FieldError[] {
  const keys = schema["x-kubernetes-list-map-keys"];
  const needsKeys = schema["x-kubernetes-list-type"] === "map" && !(isList(keys) && keys.length > 0);
  const isBoth = schema.properties !== undefined && isObject(schema.additionalProperties);
  const tooSlow = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
  return [
    ...(schema.$ref === undefined ? [] : [notAllowed(`${path}.$ref`, "$ref is not supported")]),
    ...(schema.uniqueItems === true ? [notAllowed(`${path}.uniqueItems`, tooSlow)] : []),
    ...(isBoth
      ? [notAllowed(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
    ...(schema.type === undefined ? [] : oneOf(`${path}.type`, schema.type, TYPES)),
    ...(schema.type === "array" && !isObject(schema.items) ? [required(`${path}.items`, "must be specified")] : []),
    ...(needsKeys
      ? [required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map")]
      : []),
  ];
}

function defaultErrors(schema: Schema, path: string): FieldError[] {
  const { default: fallback, ...rest } = schema as JsonObject;
  if (fallback === undefined) return [];
  const errors = schemaErrors(pruned(fallback, rest), rest, "");
  return errors.map(({ reason, message }) => ({ field: `${path}.default`, reason, message }));
}
