import type { Cluster, Target } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { badRequest, notFound } from "../status.ts";
import { formatSelector, numberOr } from "../table/format.ts";
import { update, type WriteOptions } from "./writes.ts";

/** How many pods are wanted and there, as `/scale` shows it. @throws StatusError */
export function readScale({ store }: Cluster, target: Target): JsonObject {
  const object = store.of(target.resource).get(keyOf(target));
  if (object === undefined) throw notFound(target.resource, target.name);
  return scaleOf(object);
}

function scaleOf({ metadata, spec, status }: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { replicas, selector } = objectOr(spec);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberOr(replicas) },
    status: { replicas: numberOr(objectOr(status).replicas), selector: formatSelector(selector) },
  };
}

/** Stores the number that `change` makes of it. @throws StatusError */
export function writeScale(
  cluster: Cluster,
  target: Target,
  change: (scale: JsonObject) => JsonObject,
  options: WriteOptions,
): JsonObject {
  const whole = { ...target, subresource: "" };
  const written = update(cluster, whole, (object) => withReplicas(object, change(scaleOf(object))), {
    ...options,
    isBlind: true,
  });
  return scaleOf(written);
}

function withReplicas(object: KubeObject, scale: JsonObject): JsonObject {
  const { replicas } = objectOr(scale.spec);
  if (typeof replicas !== "number") throw badRequest("spec.replicas is a whole number");
  const { resourceVersion } = objectOr(scale.metadata);
  const metadata = { ...object.metadata, ...(resourceVersion !== undefined && { resourceVersion }) };
  return { ...object, metadata, spec: { ...objectOr(object.spec), replicas } };
}
