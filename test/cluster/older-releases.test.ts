import { beforeAll, expect, it } from "vitest";
import { patiently } from "./support/patience.ts";
import { newPlace } from "./support/place.ts";
import { installed, SYSTEM, uninstalled } from "./support/release.ts";
import { onCluster } from "./support/shared.ts";

const crds = ["azureidentities", "azureidentitybindings", "azureassignedidentities", "azurepodidentityexceptions"].map(
  (name) => `customresourcedefinition/${name}.aadpodidentity.k8s.io`,
);

onCluster("what older releases left", (cluster) => {
  const mic = ["deployment/aad-pod-identity-mic", `--namespace=${SYSTEM}`];
  beforeAll(async () => {
    await uninstalled(cluster);
    await cluster.kubectl("delete", ...crds, "--ignore-not-found", "--timeout=1m");
  });

  it("no CRDs: the chart makes them, also where Helm was told not to", async () => {
    await installed(cluster, { installMICException: false }, "--skip-crds");
    const found = await cluster.kubectl("get", ...crds, "--output=name");
    expect(found.trim().split("\n")).toHaveLength(crds.length);
  });

  it("objects in the spelling of releases before 1.6: MIC writes them anew once, and pods get their tokens", async () => {
    await using place = await newPlace(cluster, "before-six");
    const identity = await place.azureIdentity("web");
    const object = (kind: string, spec: object) => {
      const metadata = { name: "web", namespace: place.namespace };
      return { apiVersion: "aadpodidentity.k8s.io/v1", kind, metadata, spec };
    };
    await cluster.apply(
      object("AzureIdentity", { type: 0, ResourceID: identity.id, ClientID: identity.clientId }),
      object("AzureIdentityBinding", { AzureIdentity: "web", Selector: place.selectorOf("web") }),
      object("AzurePodIdentityException", { PodLabels: { app: "old" } }),
    );
    // Each installation does so once.
    await cluster.kubectl("delete", "configmap", "aad-pod-identity-config", `--namespace=${SYSTEM}`);
    await cluster.kubectl("rollout", "restart", ...mic);
    await cluster.kubectl("rollout", "status", ...mic, "--timeout=2m");
    const spec = async (kind: string) => (await cluster.get(kind, "web", `--namespace=${place.namespace}`)).spec;
    const identityNow = { type: 0, resourceID: identity.id, clientID: identity.clientId };
    await expect.poll(() => spec("azureidentity"), patiently).toEqual(identityNow);
    await expect.poll(() => spec("azurepodidentityexception"), patiently).toEqual({ podLabels: { app: "old" } });
    const bindingNow = { azureIdentity: "web", selector: place.selectorOf("web") };
    await expect.poll(() => spec("azureidentitybinding"), patiently).toEqual(bindingNow);
    await place.pod("web");
    await place.ready("web");
    await place.assigned("web", "web");
    await place.validates("web", identity);
  });
});
