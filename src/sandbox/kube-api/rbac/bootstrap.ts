import type { Cluster } from "../cluster.ts";
import type { JsonObject } from "../json.ts";
import { create } from "../writes/writes.ts";
import { defaultBindings, defaultRoles } from "./defaults.ts";
import { RBAC } from "./rbac.ts";

/** Creates the roles and bindings that every cluster has from its start. */
export function createDefaultRoles(cluster: Cluster): void {
  for (const role of defaultRoles) createOne(cluster, "clusterroles", role);
  for (const binding of defaultBindings) createOne(cluster, "clusterrolebindings", binding);
}

function createOne(cluster: Cluster, plural: string, object: JsonObject): void {
  const resource = cluster.registry.find(RBAC, "v1", plural);
  if (resource === undefined) throw new Error(`there are no ${plural} here`);
  create(cluster, { resource, namespace: "", name: "", subresource: "" }, object, { isDryRun: false });
}
