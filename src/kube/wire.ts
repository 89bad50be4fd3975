import type { Kind } from "../api/kinds.ts";

/** What every request and every event of a watch has around the objects: read here, with nothing taken on trust. */

export type ObjectRef = {
  /** Empty for an object of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
};
export type Query = {
  /** Empty or absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
};

/** A value as an object with unknown content; empty when it is none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The metadata that list and watch rely on, of any object whatever else it holds. */
export function rawMeta(object: unknown): ObjectRef & { readonly uid: string; readonly resourceVersion: string } {
  const { namespace, name, uid, resourceVersion } = asRecord(asRecord(object).metadata);
  return {
    namespace: asText(namespace),
    name: asText(name),
    uid: asText(uid),
    resourceVersion: asText(resourceVersion),
  };
}

/** The API server's own word about a refusal; empty texts when it sent none. */
export type Status = {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** Reasons of the details, e.g. `ResourceVersionTooLarge`. */
  readonly causes: readonly string[];
};

export function readStatus(value: unknown): Status {
  const { code, reason, message, details } = asRecord(value);
  const causes = asRecord(details).causes;
  return {
    code: typeof code === "number" ? code : 0,
    reason: asText(reason),
    message: asText(message),
    causes: Array.isArray(causes) ? causes.map((cause) => asText(asRecord(cause).reason)) : [],
  };
}

/** One page of a list. */
export type Page = {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** What to ask for the next page with; empty on the last one. */
  readonly next: string;
};

export function readPage(value: unknown): Page {
  const { items, metadata } = asRecord(value);
  const { resourceVersion, continue: next } = asRecord(metadata);
  return { items: Array.isArray(items) ? items : [], resourceVersion: asText(resourceVersion), next: asText(next) };
}

/** The path of a kind's objects, or of one of them. */
export function objectPath(kind: Kind, namespace: string, name = ""): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.isNamespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}${name === "" ? "" : `/${encodeURIComponent(name)}`}`;
}

/** A query string of those parameters that have a value. */
export function queryString(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => !!pair[1]);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/**
 * Whether resource version `a` was given out before `b`. Versions are opaque but for this: the API server counts them
 * up as whole numbers, over all objects of a kind. Others do not compare, and neither is then older.
 */
export function isOlder(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
