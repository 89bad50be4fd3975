import { isList, isObject, type Json, type JsonObject, objectOr } from "./json.ts";
import type { Schema } from "./schema.ts";
import { type FieldError, required } from "./status.ts";

/** Every place where a value breaks its schema, worded as the API server words it. */
export function schemaErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (value === null && schema.nullable === true) return [];
  if (!hasType(value, schema)) return [typeError(value, schema, path)];
  return [
    ...valueErrors(value, schema, path),
    ...innerErrors(value, schema, path),
    ...embeddedErrors(value, schema, path),
  ];
}

function innerErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (isList(value)) {
    const { items } = schema;
    return isObject(items) ? value.flatMap((item, i) => schemaErrors(item, items, `${path}[${i}]`)) : [];
  }
  if (!isObject(value)) return [];
  const properties = objectOr(schema.properties);
  return Object.entries(value).flatMap(([name, field]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
    return isObject(property) && field !== undefined ? schemaErrors(field, property, join(path, name)) : [];
  });
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function hasType(value: Json, schema: Schema): boolean {
  if (schema["x-kubernetes-int-or-string"] === true) return typeof value === "string" || Number.isInteger(value);
  switch (schema.type) {
    case undefined:
      return true;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return isList(value);
    case "object":
      return isObject(value);
    default:
      return typeof value === schema.type;
  }
}

function typeError(value: Json, schema: Schema, path: string): FieldError {
  const actual = value === null ? "null" : isList(value) ? "array" : numberType(value);
  const wanted = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : schema.type;
  const message = `Invalid value: "${actual}": ${path} in body must be of type ${wanted}: "${actual}"`;
  return { field: path, reason: "FieldValueTypeInvalid", message };
}

function numberType(value: Json): string {
  if (typeof value !== "number") return typeof value;
  return Number.isInteger(value) ? "integer" : "number";
}

function valueErrors(value: Json, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (message: string) =>
    errors.push({
      field: path,
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(value)}: ${path} in body should ${message}`,
    });
  if (isList(schema.enum) && !schema.enum.includes(value)) errors.push(enumError(value, schema.enum, path));
  if (typeof value === "number") {
    if (Number(schema.minimum ?? Number.NEGATIVE_INFINITY) > value)
      refuse(`be greater than or equal to ${schema.minimum}`);
    if (Number(schema.maximum ?? Number.POSITIVE_INFINITY) < value)
      refuse(`be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === "string") {
    if (Number(schema.minLength ?? 0) > value.length) refuse(`be at least ${schema.minLength} chars long`);
    if (Number(schema.maxLength ?? Infinity) < value.length) refuse(`be at most ${schema.maxLength} chars long`);
    if (schema.pattern !== undefined && !new RegExp(String(schema.pattern)).test(value))
      refuse(`match '${schema.pattern}'`);
  }
  if (isList(value)) {
    if (Number(schema.minItems ?? 0) > value.length) refuse(`have at least ${schema.minItems} items`);
    if (Number(schema.maxItems ?? Infinity) < value.length) refuse(`have at most ${schema.maxItems} items`);
  }
  return isObject(value) ? [...errors, ...missing(value, schema, path)] : errors;
}

function enumError(value: Json, allowed: readonly Json[], path: string): FieldError {
  const list = allowed.map((item) => JSON.stringify(item)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { field: path, reason: "FieldValueNotSupported", message };
}

function missing(value: JsonObject, schema: Schema, path: string): FieldError[] {
  const names = isList(schema.required) ? schema.required.map(String) : [];
  return names.filter((name) => value[name] === undefined).map((name) => required(join(path, name)));
}

/** An embedded object names its type, whatever the schema says. */
function embeddedErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (schema["x-kubernetes-embedded-resource"] !== true || !isObject(value)) return [];
  return ["apiVersion", "kind"]
    .filter((name) => typeof value[name] !== "string" || value[name] === "")
    .map((name) => required(join(path, name)));
}
