import type { Cluster, Target } from "../cluster.ts";
import type { Change } from "../collection.ts";
import { isTrue, readRevision, wholeNumber } from "../http/query.ts";
import { asObjects, type Rendering, rendered } from "../http/rendering.ts";
import type { KubeObject } from "../json.ts";
import { inVersion, type Resource } from "../resource.ts";
import { crdName, crds } from "../schema/crds.ts";
import { expired } from "../status.ts";
import { withoutColumns } from "../table/table.ts";
import { readSelector, type Selector } from "./selectors.ts";
import { bookmark, encode, eventOf, type WatchEvent } from "./watch-event.ts";

/** Where the lines of a watch go; `end` says that there will be no more. */
export type Sink = { readonly send: (line: string) => void; readonly end: () => void };

type EventSink = Sink & { readonly sendEvent: (event: WatchEvent) => void };

/** What a client wants to watch. */
export type Watch = {
  readonly target: Target;
  readonly selects: Selector;
  /** The changes after this revision; 0: first every object as it is. */
  readonly from: number;
  readonly lastsMs: number;
  /** 0 for a client that wants none. */
  readonly bookmarkMs: number;
  readonly rendering: Rendering;
};

/** How long a watch lasts when the client does not say. */
const LASTS_SECONDS = 1800;
/** A last bookmark comes so long before the end. */
const BEFORE_END_MS = 2000;
const FIRST_OBJECTS_END = { "k8s.io/initial-events-end": "true" };

/** Reads the query of a watch. @throws StatusError */
export function readWatch(
  target: Target,
  query: URLSearchParams,
  bookmarkMs: number,
  rendering: Rendering = asObjects,
): Watch {
  const from = readRevision(query.get("resourceVersion") || "0");
  return {
    target,
    selects: readSelector(query, target.resource) ?? (() => true),
    from: isTrue(query.get("sendInitialEvents")) ? 0 : from,
    lastsMs: 1000 * (wholeNumber(query, "timeoutSeconds") || LASTS_SECONDS),
    bookmarkMs: isTrue(query.get("allowWatchBookmarks")) ? bookmarkMs : 0,
    rendering,
  };
}

/**
 * Sends what happens until the watch's time is over or its custom resource goes; the result stops it sooner. A
 * revision that is too old ends it at once with an ERROR event.
 */
export function runWatch(cluster: Cluster, watch: Watch, to: Sink): () => void {
  const { resource } = watch.target;
  const sink = { ...to, sendEvent: eventSender(cluster, watch, to.send) };
  const tell = (change: Change) => sendChange(watch, change, sink);
  const mark = () => sink.sendEvent(bookmark(resource, cluster.store.revision));
  if (!catchUp(cluster, watch, sink)) {
    sink.end();
    return () => {};
  }
  const stops = [
    cluster.store.of(resource).subscribe(tell),
    afterMs(watch.lastsMs, finish),
    ...(watch.bookmarkMs > 0 ? [everyMs(watch.bookmarkMs, mark), afterMs(watch.lastsMs - BEFORE_END_MS, mark)] : []),
    ...(resource.isCustom ? [onceGone(cluster, crdName(resource), finish)] : []),
  ];
  return stop;

  function stop(): void {
    for (const each of stops) each();
  }
  function finish(): void {
    stop();
    sink.end();
  }
}

/** Puts events into the form that the client wants. */
function eventSender(cluster: Cluster, { target, rendering }: Watch, send: Sink["send"]): (event: WatchEvent) => void {
  const { resource } = target;
  if (rendering.form === "object") return (event) => send(encode(versioned(resource, event)));
  let isFirst = true;
  return ({ type, object }) => {
    const shown = type === "ERROR" ? object : rendered(target, object, rendering, cluster.now());
    const isTable = shown.kind === "Table";
    send(encode({ type, object: isTable && !isFirst ? withoutColumns(shown) : shown }));
    if (isTable) isFirst = false;
  };
}

/** Events of a custom resource in the version that is watched. */
function versioned(resource: Resource, event: WatchEvent): WatchEvent {
  if (!resource.isCustom || event.type === "ERROR" || event.type === "BOOKMARK") return event;
  return { type: event.type, object: inVersion(resource, event.object as KubeObject) };
}

function sendChange({ target, selects }: Watch, change: Change, sink: EventSink): void {
  if (target.namespace !== "" && change.object.metadata.namespace !== target.namespace) return;
  const event = eventOf(change, selects);
  if (event !== undefined) sink.sendEvent(event);
}

/** Sends what the client does not know yet; false when that is no longer known here either. */
function catchUp({ store }: Cluster, watch: Watch, sink: EventSink): boolean {
  const { resource, namespace } = watch.target;
  const collection = store.of(resource);
  if (watch.from === 0) {
    const objects = collection.list(namespace).filter(watch.selects);
    for (const object of objects) sink.sendEvent({ type: "ADDED", object });
    if (watch.bookmarkMs > 0) sink.sendEvent(bookmark(resource, store.revision, FIRST_OBJECTS_END));
    return true;
  }
  const missed = collection.since(watch.from);
  if (missed === undefined) {
    const { status } = expired(`too old resource version: ${watch.from} (${store.revision})`);
    sink.sendEvent({ type: "ERROR", object: status });
    return false;
  }
  for (const change of missed) sendChange(watch, change, sink);
  return true;
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
