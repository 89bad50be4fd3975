import { afterAll, beforeAll, expect, it } from "vitest";
import { makeAzureNode, writeAzureJson } from "./support/cluster.ts";
import { newPlace } from "./support/place.ts";
import { allNodes, installed, SYSTEM } from "./support/release.ts";
import { onCluster } from "./support/shared.ts";

// As on AKS: the machines have the cluster's own identity, and MIC signs in with it, by IMDS, which NMI intercepts.
onCluster("MIC with the managed identity of the cluster", (cluster) => {
  const machines = new Set((cluster.facts?.machines ?? []).map(({ id }) => id));
  let own = { id: "", clientId: "", name: "agentpool" };
  const restartMic = async () => {
    const mic = ["deployment/aad-pod-identity-mic", `--namespace=${SYSTEM}`];
    await cluster.kubectl("rollout", "restart", ...mic);
    await cluster.kubectl("rollout", "status", ...mic, "--timeout=2m");
  };

  beforeAll(async () => {
    await installed(cluster);
    own = { ...own, ...(await cluster.azure.createIdentity("agentpool")) };
    for (const machine of machines) await cluster.azure.attach(machine, own.id);
    const signIn = { useManagedIdentityExtension: true, userAssignedIdentityID: own.clientId };
    for (const node of allNodes) await writeAzureJson(cluster, node, signIn);
    await restartMic();
  });
  afterAll(async () => {
    for (const node of allNodes) await makeAzureNode(cluster, node);
    await restartMic();
    for (const machine of machines) await cluster.azure.detach(machine, own.id);
  });

  it("puts identities on machines and takes them off, but never that one, also where a pod has used it", async () => {
    await using place = await newPlace(cluster, "agentpool");
    const identity = await place.identity("web");
    const named = { ...own, name: "own" };
    await cluster.apply(place.identityObject(named), place.bindingObject("own"));
    await place.pod("web", { node: 1 });
    await place.pod("own", { node: 1 });
    await place.ready("web", "own");
    await Promise.all([place.assigned("web", "web"), place.assigned("own", "own")]);
    await Promise.all([place.validates("web", identity), place.validates("own", named)]);
    await place.kubectl("delete", "pod", "web", "own");
    await Promise.all([place.unassigned("web", "web"), place.unassigned("own", "own")]);
    const [vm = ""] = machines;
    expect(await cluster.azure.identitiesOn(vm)).toContain(own.id);
    expect(await cluster.azure.identitiesOn(vm)).not.toContain(identity.id);
  });
});
