import { startWorkloads } from "../controllers/start.ts";
import type { Cluster } from "./cluster.ts";
import { keyOf } from "./collection.ts";
import { namespaces } from "./kinds/namespaces.ts";
import { collectGarbage } from "./writes/garbage.ts";
import { create } from "./writes/writes.ts";

/** Does here what kube-controller-manager does beside a real API server, at once after each change; the result ends it. */
export function startControllers(cluster: Cluster): () => void {
  makeAccounts(cluster);
  collectGarbage(cluster);
  return startWorkloads(cluster);
}

/** Every namespace has the service account `default`, whatever happens to it. */
function makeAccounts(cluster: Cluster): void {
  const accounts = cluster.registry.find("", "v1", "serviceaccounts");
  if (accounts === undefined) throw new Error("there are no service accounts here");
  const here = cluster.store.of(accounts);
  const all = cluster.store.of(namespaces);
  const furnish = (name: string) => {
    const namespace = all.get(keyOf({ name }));
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    if (here.get(keyOf({ namespace: name, name: "default" })) !== undefined) return;
    const target = { resource: accounts, namespace: name, name: "", subresource: "" };
    create(cluster, target, { metadata: { name: "default" } }, { isDryRun: false });
  };
  for (const { metadata } of all.list("")) furnish(metadata.name);
  all.subscribe(({ object }) => furnish(object.metadata.name));
  here.subscribe(({ type, object }) => {
    if (type === "DELETED") furnish(object.metadata.namespace ?? "");
  });
}
