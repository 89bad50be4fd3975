import { beforeAll, expect, it } from "vitest";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onCluster } from "./support/shared.ts";

onCluster("exceptions", (cluster) => {
  const [vm = { id: "" }] = cluster.facts?.machines ?? [];
  beforeAll(() => installed(cluster));

  it("let a pod without any identity of its own use those of its machine, and no other pod", async () => {
    await using place = await newPlace(cluster, "exception");
    const identity = await place.azureIdentity("machine");
    await using stack = new AsyncDisposableStack();
    await cluster.azure.attach(vm.id, identity.id);
    stack.defer(() => cluster.azure.detach(vm.id, identity.id));
    await cluster.azure.enableSystemAssigned(vm.id);
    stack.defer(() => cluster.azure.disableSystemAssigned(vm.id));
    const metadata = { name: "exception", namespace: place.namespace };
    const spec = { podLabels: { thispod: "shouldexcept" } };
    await cluster.apply({ apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzurePodIdentityException", metadata, spec });
    await place.pod("excepted", { selector: null, node: 1, labels: { thispod: "shouldexcept" } });
    await place.pod("other", { selector: null, node: 1 });
    await place.ready("excepted", "other");
    await place.validates("excepted", identity);
    expect((await place.asks("other", identity.clientId)).status).toBe(404);
    expect(await place.records()).toEqual([]);
  });
});
