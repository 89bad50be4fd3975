import { expect, it } from "vitest";
import { apiVersion, type Kind, kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { upgradeTypes } from "../../src/mic/type-upgrade.ts";
import { accessTo } from "../support/kube/control-plane.ts";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { crdsInto } from "../support/mic/cluster.ts";

/** What the type upgrade writes is what a real API server takes and keeps. */

const never = new AbortController().signal;
const namespace = "default";
const id = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo";

onKubernetes("the type upgrade", (shared) => {
  it("leaves today's spelling alone on a real API server, once", async () => {
    const log = createLog({ write: () => {} });
    await using client = new KubeClient(accessTo(shared), { userAgent: "contract", log });
    await crdsInto(client);
    for (const kind of [kinds.identity, kinds.binding, kinds.exception, kinds.assignment]) {
      await expect.poll(() => client.list(kind, {}, never).catch(String), { timeout: 20_000 }).toEqual([]);
    }
    const create = (kind: Kind, spec: object, more: object = {}) => {
      const names = { apiVersion: apiVersion(kind), kind: kind.kind, metadata: { name: "old", namespace } };
      return client.create(kind, namespace, { ...names, spec, ...more }, never);
    };
    const specOf = async (kind: Kind) => {
      const object = (await client.get(kind, { namespace, name: "old" }, never)) as { spec: unknown };
      return object.spec;
    };
    const upgrade = () => {
      const where = { namespace, configMapName: "type-upgrade-contract", key: "type-upgrade-status", version: "2.0.0" };
      return upgradeTypes({ ...where, client, log, announcer: { record: () => {} } }, never);
    };

    const old = { type: 0, ResourceID: id, ClientID: "client", ClientPassword: { Name: "s", Namespace: "n" } };
    await create(kinds.identity, old);
    await create(kinds.binding, { AzureIdentity: "old", Selector: "demo" });
    await create(kinds.exception, { PodLabels: { app: "mic" } });
    const copy = { metadata: { name: "old", namespace }, spec: { resourceid: id, clientid: "client" } };
    await create(kinds.assignment, { azureidentityref: copy, pod: "web" }, { status: { status: "Assigned" } });
    await upgrade();

    const today = { resourceID: id, clientID: "client" };
    expect(await specOf(kinds.identity)).toEqual({ type: 0, ...today, clientPassword: { name: "s", namespace: "n" } });
    expect(await specOf(kinds.binding)).toEqual({ azureIdentity: "old", selector: "demo" });
    expect(await specOf(kinds.exception)).toEqual({ podLabels: { app: "mic" } });
    expect(await specOf(kinds.assignment)).toMatchObject({
      azureIdentityRef: { apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity", spec: today },
      pod: "web",
    });

    await client.patch(
      kinds.binding,
      { namespace, name: "old" },
      { type: "merge", body: { spec: { selector: null, Selector: "again" } } },
      never,
    );
    await upgrade();
    expect(await specOf(kinds.binding)).toEqual({ azureIdentity: "old", Selector: "again" });
  });
});
