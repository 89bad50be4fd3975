import { isList, isObject, type Json, type JsonObject, objectOr } from "../json.ts";
import { type FieldError, required } from "../status.ts";
import { combinedErrors } from "./combined.ts";
import { listTypeErrors } from "./lists.ts";
import type { Schema } from "./schema.ts";

/** Every place where a value breaks its schema, worded as the API server words it. */
export function schemaErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (value === null && schema.nullable === true) return [];
  if (!hasType(value, schema)) return [typeError(value, schema, path)];
  return [
    ...valueErrors(value, schema, path),
    ...innerErrors(value, schema, path),
    ...embeddedErrors(value, schema, path),
    ...combinedErrors(value, schema, path, schemaErrors),
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
  const inEnum = !isList(schema.enum) || schema.enum.includes(value);
  return [
    ...(inEnum ? [] : [enumError(value, schema.enum as readonly Json[], path)]),
    ...(typeof value === "number" ? numberErrors(value, schema, path) : []),
    ...(typeof value === "string" ? textErrors(value, schema, path) : []),
    ...(isList(value) ? [...sizeErrors(value, schema, path), ...listTypeErrors(value, schema, path)] : []),
    ...(isObject(value) ? [...propertyErrors(value, schema, path), ...missing(value, schema, path)] : []),
  ];
}

/** The errors of the rules that do not hold; `shown` is the value as messages have it. */
function broken(
  shown: Json,
  path: string,
  rules: readonly (readonly [holds: boolean, should: string])[],
): FieldError[] {
  return rules
    .filter(([holds]) => !holds)
    .map(([, should]) => ({
      field: path,
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(shown)}: ${path} in body should ${should}`,
    }));
}

function numberErrors(value: number, schema: Schema, path: string): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const low = Number(minimum ?? Number.NEGATIVE_INFINITY);
  const high = Number(maximum ?? Number.POSITIVE_INFINITY);
  const least = exclusiveMinimum === true ? `greater than ${minimum}` : `greater than or equal to ${minimum}`;
  const most = exclusiveMaximum === true ? `less than ${maximum}` : `less than or equal to ${maximum}`;
  return broken(value, path, [
    [exclusiveMinimum === true ? value > low : value >= low, `be ${least}`],
    [exclusiveMaximum === true ? value < high : value <= high, `be ${most}`],
    [multipleOf === undefined || value % Number(multipleOf) === 0, `be a multiple of ${multipleOf}`],
  ]);
}

function textErrors(value: string, schema: Schema, path: string): FieldError[] {
  const { minLength, maxLength, pattern, format } = schema;
  const most = Number(maxLength ?? Number.POSITIVE_INFINITY);
  const tooLong = `Too long: may not be more than ${plural(most, "byte")}`;
  return [
    ...broken(value, path, [
      [value.length >= Number(minLength ?? 0), `be at least ${minLength} chars long`],
      [pattern === undefined || new RegExp(String(pattern)).test(value), `match '${pattern}'`],
    ]),
    ...(value.length > most ? [{ field: path, reason: "FieldValueTooLong", message: tooLong }] : []),
    ...(format === "date-time" && !DATE_TIME.test(value) ? [formatError(value, format, path)] : []),
  ];
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/i;

function formatError(value: string, format: string, path: string): FieldError {
  const text = JSON.stringify(value);
  const message = `Invalid value: ${text}: ${path} in body must be of type ${format}: ${text}`;
  return { field: path, reason: "FieldValueTypeInvalid", message };
}

function sizeErrors(list: readonly Json[], { minItems, maxItems }: Schema, path: string): FieldError[] {
  const most = Number(maxItems ?? Number.POSITIVE_INFINITY);
  const message = `Too many: ${list.length}: must have at most ${plural(most, "item")}`;
  return [
    ...broken(list.length, path, [[list.length >= Number(minItems ?? 0), `have at least ${minItems} items`]]),
    ...(list.length > most ? [{ field: path, reason: "FieldValueTooMany", message }] : []),
  ];
}

function propertyErrors(value: JsonObject, { minProperties, maxProperties }: Schema, path: string): FieldError[] {
  const count = Object.keys(value).length;
  const most = Number(maxProperties ?? Number.POSITIVE_INFINITY);
  const message = `Too many: ${count}: must have at most ${plural(most, "item")}`;
  return [
    ...broken(count, path, [[count >= Number(minProperties ?? 0), `have at least ${minProperties} properties`]]),
    ...(count > most ? [{ field: path, reason: "FieldValueTooMany", message }] : []),
  ];
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
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
