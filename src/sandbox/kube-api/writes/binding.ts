import type { Cluster, Target } from "../cluster.ts";
import { timestamp } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { isList, type JsonObject, objectOr, textOr } from "../json.ts";
import { badRequest, notFound, StatusError } from "../status.ts";
import type { WriteOptions } from "./writes.ts";

/** POST to a pod's `binding`: puts the pod on a node, as the scheduler does. @throws StatusError */
export function bindPod(cluster: Cluster, target: Target, body: JsonObject, options: WriteOptions): JsonObject {
  const { resource, name } = target;
  const pod = cluster.store.of(resource).get(keyOf(target));
  if (pod === undefined) throw notFound(resource, name);
  const node = textOr(objectOr(body.target).name);
  if (node === "") throw badRequest("target.name: Required value");
  const spec = objectOr(pod.spec);
  if (textOr(spec.nodeName) !== "") throw alreadyAssigned(name, textOr(spec.nodeName));
  const annotations = { ...objectOr(pod.metadata.annotations), ...objectOr(objectOr(body.metadata).annotations) };
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: timestamp(cluster.now()) };
  const { conditions } = objectOr(pod.status);
  const others = (isList(conditions) ? conditions : []).filter((item) => objectOr(item).type !== scheduled.type);
  const bound = {
    ...pod,
    metadata: { ...pod.metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: { ...spec, nodeName: node },
    status: { ...objectOr(pod.status), conditions: [...others, scheduled] },
  };
  if (!options.isDryRun) cluster.store.put(resource, bound);
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}

function alreadyAssigned(name: string, node: string): StatusError {
  const message = `Operation cannot be fulfilled on pods/binding "${name}": pod ${name} is already assigned to node "${node}"`;
  return new StatusError(409, "Conflict", message, { details: { name, kind: "pods/binding" } });
}
