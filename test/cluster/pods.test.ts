import { beforeAll, expect, it } from "vitest";
import type { Rendered } from "../support/chart/helm.ts";
import { urls } from "./support/azure-facts.ts";
import { SECRET } from "./support/azure-vault.ts";
import { newPlace } from "./support/place.ts";
import { checking, waiting } from "./support/pods.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

const reads = (clientId: string) => [
  `--identity-client-id=${clientId}`,
  `--keyvault-url=${urls.vault}`,
  `--keyvault-secret-name=${SECRET.name}`,
];

onClusterAtOnce("pods of all kinds", (cluster) => {
  beforeAll(() => installed(cluster));

  it("an init container, which asks before anything is assigned, gets its token, and so does what comes after it", async () => {
    await using place = await newPlace(cluster, "init");
    const identity = await place.identity("web");
    await place.pod("web", { spec: { initContainers: [checking("first", reads(identity.clientId))] } });
    await place.ready("web");
    const { status } = await cluster.get("pod", "web", `--namespace=${place.namespace}`);
    expect(status.initContainerStatuses[0].state.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    expect(status.initContainerStatuses[0].restartCount).toBe(0);
    await place.validates("web", identity);
  });

  it("a job's pod gets its token, and its identity is taken off when it has succeeded, while the pod is still there", async () => {
    await using place = await newPlace(cluster, "job");
    const identity = await place.identity("nightly");
    const containers = [checking("main", reads(identity.clientId))];
    const { metadata, spec } = place.podObject("nightly", { spec: { containers, restartPolicy: "Never" } });
    const template = { metadata: { labels: metadata.labels }, spec };
    const names = { name: "nightly", namespace: place.namespace };
    await cluster.apply({ apiVersion: "batch/v1", kind: "Job", metadata: names, spec: { backoffLimit: 0, template } });
    await place.kubectl("wait", "job/nightly", "--for=condition=Complete", "--timeout=90s");
    await place.unassigned();
    const { items } = await cluster.get("pods", `--namespace=${place.namespace}`);
    expect((items as readonly Rendered[]).map(({ status }) => status.phase)).toEqual(["Succeeded"]);
    for (const { id } of cluster.facts.machines)
      expect(await cluster.azure.identitiesOn(id)).not.toContain(identity.id);
  });

  it("replicas of a Deployment on both nodes share an identity, which is on both machines", async () => {
    await using place = await newPlace(cluster, "replicas");
    const identity = await place.identity("web");
    const labels = { app: "web", aadpodidbinding: place.selectorOf("web") };
    const spread = { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" };
    const topologySpreadConstraints = [{ ...spread, labelSelector: { matchLabels: { app: "web" } } }];
    const template = { metadata: { labels }, spec: { containers: [waiting], topologySpreadConstraints } };
    const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
    const metadata = { name: "web", namespace: place.namespace };
    await cluster.apply({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
    await place.kubectl("rollout", "status", "deployment/web", "--timeout=90s");
    const { items } = await cluster.get("pods", `--namespace=${place.namespace}`);
    const pods = (items as readonly Rendered[]).map(({ metadata: { name } }) => name);
    await Promise.all(pods.map((pod) => place.assigned(pod, "web")));
    for (const pod of pods) await place.validates(pod, identity);
    for (const { id } of cluster.facts.machines) expect(await cluster.azure.identitiesOn(id)).toContain(identity.id);
  });

  it("equal names in two namespaces: each pod's record names identity and binding of its own namespace", async () => {
    await using first = await newPlace(cluster, "conflict-a");
    await using second = await newPlace(cluster, "conflict-b");
    const mine = await first.identity("web");
    const others = await second.azureIdentity("web");
    await cluster.apply(second.identityObject(others), second.bindingObject("web", first.selectorOf("web")));
    await first.pod("web");
    await first.ready("web");
    await first.assigned("web", "web");
    await first.validates("web", mine);
    const { spec } = await cluster.get("azureassignedidentity", `web-${first.namespace}-web`, "--namespace=default");
    const namespaces = [spec.azureIdentityRef, spec.azureBindingRef].map(({ metadata }) => metadata.namespace);
    expect(namespaces).toEqual([first.namespace, first.namespace]);
  });
});
