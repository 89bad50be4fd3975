import type { Cluster, Target } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { readSelector } from "../reads/selectors.ts";
import { notFound, StatusError } from "../status.ts";
import { formatSelector, numberOr } from "../table/format.ts";
import { deleteObject, readDeleteOptions } from "./deletion.ts";

const BUDGETS = { group: "policy", plural: "poddisruptionbudgets" };

/** POST to a pod's `eviction`: deletes it, unless a budget does not allow that now. @throws StatusError */
export function evict(cluster: Cluster, target: Target, body: JsonObject, query: URLSearchParams): JsonObject {
  const pod = cluster.store.of(target.resource).get(keyOf(target));
  if (pod === undefined) throw notFound(target.resource, target.name);
  if (!isIdle(pod)) for (const budget of budgetsOf(cluster, target, pod)) checkBudget(budget);
  deleteObject(cluster, { ...target, subresource: "" }, readDeleteOptions(objectOr(body.deleteOptions), query));
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}

/** Whose going nobody notices. */
function isIdle({ metadata, status }: KubeObject): boolean {
  const { phase } = objectOr(status);
  return metadata.deletionTimestamp !== undefined || ["Pending", "Succeeded", "Failed"].includes(String(phase));
}

function budgetsOf({ store }: Cluster, { namespace, resource }: Target, pod: KubeObject): readonly KubeObject[] {
  return store
    .of(BUDGETS)
    .list(namespace)
    .filter(({ spec }) => {
      const text = formatSelector(objectOr(spec).selector);
      const selector = text === "<none>" ? "" : text;
      return readSelector(new URLSearchParams({ labelSelector: selector }), resource)?.(pod) ?? true;
    });
}

function checkBudget({ metadata, status }: KubeObject): void {
  const { disruptionsAllowed, observedGeneration, desiredHealthy, currentHealthy } = objectOr(status);
  const isSeen = numberOr(observedGeneration) >= numberOr(metadata.generation);
  if (isSeen && numberOr(disruptionsAllowed) > 0) return;
  const why = isSeen
    ? `The disruption budget ${metadata.name} needs ${numberOr(desiredHealthy)} healthy pods and has ${numberOr(currentHealthy)} currently`
    : `The disruption budget ${metadata.name} is still being processed by the server.`;
  const details = {
    causes: [{ reason: "DisruptionBudget", message: why }],
    ...(!isSeen && { retryAfterSeconds: 10 }),
  };
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  throw new StatusError(429, "TooManyRequests", message, { details });
}
