import type { Cluster, Target } from "./cluster.ts";
import type { Change } from "./collection.ts";
import { crdName, crds } from "./crds.ts";
import type { JsonObject, KubeObject } from "./json.ts";
import { readRevision } from "./list.ts";
import { apiVersionOf } from "./resource.ts";
import { readSelector, type Selector } from "./selectors.ts";
import { badRequest, expired } from "./status.ts";

/** Where the events of a watch go; `end` is called at most once, by the server's own wish. */
export type Sink = { readonly send: (line: string) => void; readonly end: () => void };

type Event = { readonly type: string; readonly object: JsonObject };

/** How long a watch lasts when the client does not say. */
const LASTS_SECONDS = 1800;

/**
 * Starts a watch: the changes after `resourceVersion`, or first every object as ADDED when there is none. Ends after
 * `timeoutSeconds` or when the custom resource goes; the result stops it sooner.
 * @throws StatusError for a query that cannot be read; a resourceVersion that is too old becomes an ERROR event
 */
export function startWatch(
  cluster: Cluster,
  target: Target,
  query: URLSearchParams,
  sink: Sink,
  bookmarkMs: number,
): () => void {
  const { resource, namespace } = target;
  const selects = readSelector(query, resource) ?? (() => true);
  const collection = cluster.store.of(resource);
  const from = readRevision(query.get("resourceVersion") || "0");
  const lastsMs = 1000 * (readSeconds(query) || LASTS_SECONDS);
  const wantsBookmarks = isTrue(query.get("allowWatchBookmarks"));
  const bookmark = (annotations?: JsonObject) => {
    const metadata = { resourceVersion: String(cluster.store.revision), ...(annotations && { annotations }) };
    sink.send(
      encode({ type: "BOOKMARK", object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } }),
    );
  };
  const tell = (change: Change) => {
    if (namespace !== "" && change.object.metadata.namespace !== namespace) return;
    const event = seen(change, selects);
    if (event !== undefined) sink.send(encode(event));
  };

  if (from === 0 || isTrue(query.get("sendInitialEvents"))) {
    for (const object of collection.list(namespace)) if (selects(object)) sink.send(encode({ type: "ADDED", object }));
    if (wantsBookmarks) bookmark({ "k8s.io/initial-events-end": "true" });
  } else {
    const missed = collection.since(from);
    if (missed === undefined) {
      const { status } = expired(`too old resource version: ${from} (${cluster.store.revision})`);
      sink.send(encode({ type: "ERROR", object: status }));
      sink.end();
      return () => {};
    }
    for (const change of missed) tell(change);
  }

  const stops = [
    collection.subscribe(tell),
    afterMs(lastsMs, () => finish()),
    ...(wantsBookmarks ? [everyMs(bookmarkMs, () => bookmark()), afterMs(lastsMs - 2000, () => bookmark())] : []),
    ...(resource.isCustom ? [onceGone(cluster, crdName(resource), () => finish())] : []),
  ];
  const stop = () => {
    for (const each of stops) each();
  };
  const finish = () => {
    stop();
    sink.end();
  };
  return stop;
}

/** A change as a watch with a selector sees it: what leaves the selection is gone, what enters it is new. */
function seen({ type, object, previous, revision }: Change, selects: Selector): Event | undefined {
  const isIn = type !== "DELETED" && selects(object);
  const wasIn = previous !== undefined && selects(previous);
  if (isIn) return { type: wasIn ? "MODIFIED" : "ADDED", object };
  if (!wasIn) return undefined;
  return { type: "DELETED", object: type === "DELETED" ? object : atRevision(previous, revision) };
}

function atRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

const texts = new WeakMap<JsonObject, string>();

/** One line of the stream. Many watches send the same object, which is put into words once. */
function encode({ type, object }: Event): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return `{"type":"${type}","object":${text}}\n`;
}

function onceGone({ store }: Cluster, crd: string, call: () => void): () => void {
  return store.of(crds).subscribe(({ type, object }) => {
    if (type === "DELETED" && object.metadata.name === crd) call();
  });
}

function afterMs(ms: number, call: () => void): () => void {
  if (ms <= 0) return () => {};
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

function everyMs(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  return () => clearInterval(timer);
}

export function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

function readSeconds(query: URLSearchParams): number {
  const text = query.get("timeoutSeconds") ?? "0";
  if (!/^\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
