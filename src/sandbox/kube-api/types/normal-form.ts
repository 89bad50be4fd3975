import { isList, isObject, type Json, type JsonObject } from "../json.ts";
import { fieldsOf, jsonFieldsOf, type KubeField } from "./kube-types.ts";
import { canonicalQuantity } from "./quantity.ts";

/**
 * An object of a built-in type as the API server gives it back: only the type's fields, without those that are empty and need not be
 * written, and with those that always are. What has another type than it should stays, for validation to see.
 */
export function normalForm(value: JsonObject, type: string): JsonObject {
  const { apiVersion, kind, metadata } = value;
  const head = { ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }), metadata };
  return { ...head, ...normalObject({ ...value, metadata: undefined }, type, "metadata") };
}

function normalObject(value: JsonObject, type: string, skipped = ""): JsonObject {
  const found: Record<string, Json | undefined> = {};
  for (const field of jsonFieldsOf(type)) {
    if (field.name === skipped) continue;
    const normal = normalField(value[field.name], field);
    if (normal !== undefined) found[field.name] = normal;
  }
  return found;
}

function normalField(value: Json | undefined, field: KubeField): Json | undefined {
  const { type, isPointer, isAlways } = field;
  const isThere = value !== undefined && value !== null;
  if (isPointer) return isThere ? normalValue(value, type) : isAlways ? null : undefined;
  if (type.startsWith("[]") || type.startsWith("{}") || type === "bytes") {
    if (isThere && !isEmpty(value)) return normalValue(value, type);
    return isAlways ? null : undefined;
  }
  if (type === "time" || type === "micro-time") return isThere ? value : timeless(field);
  if (type === "any") return isThere ? value : undefined;
  const normal = normalValue(isThere ? value : zeroOf(type), type);
  return isAlways || !isZero(normal) || type === "int-or-string" ? normal : undefined;
}

/** Only the time of creation may be missing; any other is written as null. */
function timeless({ name }: KubeField): Json | undefined {
  return name === "creationTimestamp" ? undefined : null;
}

function normalValue(value: Json, type: string): Json {
  if (type.startsWith("[]")) return isList(value) ? value.map((item) => normalValue(item, type.slice(2))) : value;
  if (type.startsWith("{}")) {
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, normalValue(item ?? null, type.slice(2))]),
    );
  }
  if (type === "quantity" && !isObject(value) && !isList(value)) return canonicalQuantity(String(value));
  return isObject(value) && fieldsOf(type) !== undefined ? normalObject(value, type) : value;
}

function zeroOf(type: string): Json {
  if (fieldsOf(type) !== undefined) return {};
  if (type === "bool") return false;
  return type === "string" || type === "quantity" ? "" : 0;
}

function isZero(value: Json): boolean {
  return value === "" || value === 0 || value === false;
}

function isEmpty(value: Json): boolean {
  return value === "" || (isList(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);
}
