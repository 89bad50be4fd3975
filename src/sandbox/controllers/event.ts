import { createHash } from "node:crypto";
import { type Cluster, timestamp } from "../kube-api/cluster.ts";
import { keyOf } from "../kube-api/collection.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Resource } from "../kube-api/resource.ts";
import { create, update } from "../kube-api/writes/writes.ts";

type Told = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };
type Teller = { readonly cluster: Cluster; readonly events: Resource; readonly component: string };

/** Writes an event, or counts it once more. */
export function tellEvent({ cluster, events, component }: Teller, about: KubeObject, told: Told): void {
  const { apiVersion, kind, metadata } = about;
  const { name, uid, resourceVersion, namespace = "default" } = metadata;
  const mark = createHash("sha1").update(`${uid} ${told.reason} ${told.message}`).digest("hex").slice(0, 16);
  const target = { resource: events, namespace, name: `${name}.${mark}`, subresource: "" };
  const lastTimestamp = timestamp(cluster.now());
  if (cluster.store.of(events).get(keyOf(target)) !== undefined) {
    const again = (event: KubeObject) => ({ ...event, lastTimestamp, count: Number(event.count) + 1 });
    update(cluster, target, again, { isDryRun: false, isBlind: true });
    return;
  }
  const event = {
    metadata: { name: target.name },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    ...told,
    ...{ count: 1, firstTimestamp: lastTimestamp, lastTimestamp },
    ...{ source: { component }, reportingComponent: component, reportingInstance: "" },
  };
  create(cluster, { ...target, name: "" }, event, { isDryRun: false });
}
