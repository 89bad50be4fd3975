import type { Cluster } from "./cluster.ts";
import type { JsonObject } from "./json.ts";
import { create } from "./writes/writes.ts";

/** What a cluster has from its start beside namespaces and roles. */
const objects: readonly (readonly [group: string, plural: string, namespace: string, object: JsonObject])[] = [
  priority(
    "system-cluster-critical",
    2_000_000_000,
    "must run in the cluster, but can be moved to another node if necessary",
  ),
  priority("system-node-critical", 2_000_001_000, "must not be moved from their current node"),
  [
    ...(["", "services", "default"] as const),
    {
      metadata: { name: "kubernetes", labels: { component: "apiserver", provider: "kubernetes" } },
      spec: { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443, targetPort: 6443 }] },
    },
  ],
];

function priority(name: string, value: number, why: string): readonly [string, string, string, JsonObject] {
  const description = `Used for system critical pods that ${why}.`;
  return ["scheduling.k8s.io", "priorityclasses", "", { metadata: { name }, value, description }];
}

export function createFirstObjects(cluster: Cluster): void {
  for (const [group, plural, namespace, object] of objects) {
    const resource = cluster.registry.find(group, "v1", plural);
    if (resource === undefined) throw new Error(`there are no ${plural} here`);
    create(cluster, { resource, namespace, name: "", subresource: "" }, object, { isDryRun: false });
  }
}
