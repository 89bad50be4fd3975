import { beforeAll, expect, it } from "vitest";
import { urls } from "./support/azure-facts.ts";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { told } from "./support/runners.ts";
import { onCluster } from "./support/shared.ts";

onCluster("service principals", (cluster) => {
  beforeAll(() => installed(cluster));

  it("give tokens by the Secret of their namespace, and nothing is put on any machine", async () => {
    await using place = await newPlace(cluster, "principal");
    const { clientId, secret, tenant } = await cluster.azure.createServicePrincipal();
    const names = { name: "reporting", namespace: place.namespace };
    const clientPassword = { name: "reporting", namespace: place.namespace };
    const spec = { type: 1, tenantID: tenant, clientID: clientId, clientPassword, adEndpoint: urls.entra };
    const patches = () => cluster.azure.calls("arm.virtualMachines.update");
    const before = await patches();
    await cluster.apply(
      { apiVersion: "v1", kind: "Secret", metadata: names, stringData: { clientSecret: secret } },
      { apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity", metadata: names, spec },
      place.bindingObject("reporting"),
    );
    await place.pod("reporting", { node: 1 });
    await place.ready("reporting");
    await place.assigned("reporting", "reporting");
    // Its own tokens alone: identityvalidator also asks for Resource Manager's.
    told(await place.check("reporting", `--identity-client-id=${clientId}`));
    expect(await patches()).toBe(before);
    expect(await place.asks("reporting")).toMatchObject({ status: 200, appId: clientId });
  });
});
