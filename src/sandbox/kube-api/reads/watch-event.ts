import type { Change } from "../collection.ts";
import type { JsonObject, KubeObject } from "../json.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import type { Selector } from "./selectors.ts";

export type WatchEvent = { readonly type: string; readonly object: JsonObject };

/** A change as a watch with a selector sees it: what leaves the selection is gone, what enters it is new. */
export function eventOf({ type, object, previous, revision }: Change, selects: Selector): WatchEvent | undefined {
  const isIn = type !== "DELETED" && selects(object);
  const wasIn = previous !== undefined && selects(previous);
  if (isIn) return { type: wasIn ? "MODIFIED" : "ADDED", object };
  if (!wasIn) return undefined;
  return { type: "DELETED", object: type === "DELETED" ? object : atRevision(previous, revision) };
}

function atRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** Tells a client from which revision it can resume; `annotations` mark the end of the first objects. */
export function bookmark(resource: Resource, revision: number, annotations?: JsonObject): WatchEvent {
  const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) };
  return { type: "BOOKMARK", object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } };
}

const texts = new WeakMap<JsonObject, string>();

/** One line of a watch's stream. Many watches send the same object, which is put into words once. */
export function encode({ type, object }: WatchEvent): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return `{"type":"${type}","object":${text}}\n`;
}
