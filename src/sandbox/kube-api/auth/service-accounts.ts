import type { Cluster } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import type { Resource } from "../resource.ts";
import { forbidden } from "../status.ts";

const accounts = { group: "", plural: "serviceaccounts" };

/** Where something makes service accounts, a pod's must be there before it, and before its name. @throws StatusError 403 */
export function checkAccount(
  { store, hasControllers }: Cluster,
  resource: Resource,
  pod: KubeObject,
  sent: JsonObject,
): void {
  if (!hasControllers) return;
  const name = textOr(objectOr(pod.spec).serviceAccountName);
  const { namespace = "" } = pod.metadata;
  if (store.of(accounts).get(keyOf({ namespace, name })) !== undefined) return;
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  throw forbidden(resource, textOr(sent.name) || textOr(sent.generateName), why);
}
