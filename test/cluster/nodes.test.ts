import { beforeAll, expect, it } from "vitest";
import type { Rendered } from "../support/chart/helm.ts";
import { withoutNode } from "./support/nodes.ts";
import { patiently } from "./support/patience.ts";
import { newPlace } from "./support/place.ts";
import { waiting } from "./support/pods.ts";
import { installed, nmiReadySince } from "./support/release.ts";
import { onCluster } from "./support/shared.ts";

onCluster("nodes that come and go", (cluster) => {
  const machines = cluster.facts?.machines ?? [];
  const [vm, set] = [machines[0]?.id ?? "", machines[1]?.id ?? ""];
  const on = (machine: string) => cluster.azure.identitiesOn(machine);
  beforeAll(() => installed(cluster));

  it("a drained node's identities go with its pods to another node's machine", async () => {
    await using place = await newPlace(cluster, "drained");
    const identity = await place.identity("web");
    const labels = { app: "web", aadpodidbinding: place.selectorOf("web") };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: onNode2 }] };
    const pod = { containers: [waiting], affinity: { nodeAffinity }, terminationGracePeriodSeconds: 1 };
    const spec = { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels }, spec: pod } };
    const metadata = { name: "web", namespace: place.namespace };
    await cluster.apply({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
    await place.kubectl("rollout", "status", "deployment/web", "--timeout=90s");
    await expect.poll(() => on(set), patiently).toContain(identity.id);
    const selector = `--pod-selector=app=web`;
    await cluster.kubectl("drain", "node2", selector, "--force", "--ignore-daemonsets", "--timeout=90s");
    await using _again = { [Symbol.asyncDispose]: async () => void (await cluster.kubectl("uncordon", "node2")) };
    await place.kubectl("rollout", "status", "deployment/web", "--timeout=90s");
    await expect.poll(() => on(vm), patiently).toContain(identity.id);
    await expect.poll(() => on(set), patiently).not.toContain(identity.id);
    const { items } = await cluster.get("pods", `--namespace=${place.namespace}`);
    const [only] = items as readonly Rendered[];
    expect([items.length, only?.spec.nodeName]).toEqual([1, "node1"]);
    await place.validates(only?.metadata.name ?? "", identity);
  });

  it("a node that is gone leaves nothing on its machine, and its like is served when it comes", async () => {
    await using place = await newPlace(cluster, "removed");
    const identity = await place.identity("web");
    await place.pod("web", { node: 2 });
    await place.assigned("web", "web");
    {
      await using _away = await withoutNode(cluster, 2);
      await place.kubectl("delete", "pod", "web", "--force"); // nobody else is left who could
      await place.unassigned("web", "web");
      expect(await on(set)).not.toContain(identity.id);
    }
    const came = await cluster.kubectl("get", "node", "node2", "--output=jsonpath={.metadata.creationTimestamp}");
    // Until its kubelet looks, the API server shows what ran on the node before.
    const isNew = (since: string) => since > came;
    await expect.poll(() => nmiReadySince(cluster, 2), patiently).toSatisfy(isNew);
    await place.pod("again", { selector: "web", node: 2 });
    await place.ready("again");
    await place.assigned("again", "web");
    await place.validates("again", identity);
  });
});

const onNode2 = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node2"] }] };
