import { isEqual, isList, type Json, type JsonObject, objectOr } from "../json.ts";
import { duplicate, type FieldError } from "../status.ts";
import type { Schema } from "./schema.ts";

/** The items of a list that another one has come before, where it is a set, or a map by keys. */
export function listTypeErrors(list: readonly Json[], schema: Schema, path: string): FieldError[] {
  const type = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"];
  if (type === "set") return twice(list, path);
  if (type !== "map" || !isList(keys)) return [];
  return twice(
    list.map((item) => keysOf(objectOr(item), keys.map(String))),
    path,
  );
}

function keysOf(item: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]));
}

function twice(values: readonly Json[], path: string): FieldError[] {
  return values.flatMap((value, i) =>
    values.slice(0, i).some((other) => isEqual(other, value)) ? [duplicate(`${path}[${i}]`, value)] : [],
  );
}
