/** Values as JSON.parse makes them. They are never changed in place, so stored objects can be shared freely. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json | undefined };

export type Meta = JsonObject & {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** An object as it is stored. */
export type KubeObject = JsonObject & { readonly apiVersion: string; readonly kind: string; readonly metadata: Meta };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value when it is an object, else an empty one. */
export function objectOr(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The items when the value is a list, those that are no objects as empty ones; else none. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return isList(value) ? value.map(objectOr) : [];
}

/** The value when it is a text, else an empty one. */
export function textOr(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A copy that lacks the names. */
export function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** A copy in which the given names are taken from `from`, or are absent where `from` lacks them. */
export function keeping(object: JsonObject, from: JsonObject, ...names: readonly string[]): JsonObject {
  const kept = Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
  return { ...without(object, ...names), ...kept };
}

/** Whether two values are the same JSON; the order of names does not count, and undefined counts as absent. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isEqual(a[name], b[name]));
}
