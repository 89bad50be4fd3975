import { isObject, type Json, type JsonObject } from "../json.ts";

/** Applies a JSON Merge Patch (RFC 7386): null removes, objects merge, everything else replaces. */
export function mergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json | undefined> = isObject(document) ? { ...document } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged satisfies JsonObject;
}
