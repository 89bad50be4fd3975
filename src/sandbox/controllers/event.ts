import { createHash } from "node:crypto";
import { timestamp } from "../kube-api/cluster.ts";
import { keyOf } from "../kube-api/collection.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Hands } from "./hands.ts";

type Told = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** Writes an event, or counts it once more. */
export function tellEvent(hands: Hands, { apiVersion, kind, metadata }: KubeObject, told: Told): void {
  const { cluster, component } = hands;
  const { name, uid, resourceVersion, namespace = "default" } = metadata;
  const mark = createHash("sha1").update(`${uid} ${told.reason} ${told.message}`).digest("hex").slice(0, 16);
  const lastTimestamp = timestamp(cluster.now());
  const known = cluster.store.of(hands.resource("events")).get(keyOf({ namespace, name: `${name}.${mark}` }));
  if (known !== undefined) {
    hands.change("events", known, (event) => ({ ...event, lastTimestamp, count: Number(event.count) + 1 }));
    return;
  }
  hands.create("events", namespace, {
    metadata: { name: `${name}.${mark}` },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    ...told,
    ...{ count: 1, firstTimestamp: lastTimestamp, lastTimestamp },
    ...{ source: { component }, reportingComponent: component, reportingInstance: "" },
  });
}
