import { beforeAll, expect, it } from "vitest";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { told } from "./support/runners.ts";
import { onCluster } from "./support/shared.ts";

onCluster("settings of the chart", (cluster) => {
  const vm = cluster.facts?.machines[0]?.id ?? "";
  const pinnedName = "pinned";
  const [retryAttemptsForCreated, retryAttemptsForAssigned, findIdentityRetryIntervalInSeconds] = [1, 1, 1];
  const retries = { retryAttemptsForCreated, retryAttemptsForAssigned, findIdentityRetryIntervalInSeconds };
  let pinned = { id: "", clientId: "", name: pinnedName };

  beforeAll(async () => {
    pinned = { ...(await cluster.azure.createIdentity(pinnedName)), name: pinnedName };
    await installed(cluster, {
      mic: { immutableUserMSIs: [pinned.clientId] },
      nmi: { blockInstanceMetadata: true, setRetryAfterHeader: true, ...retries },
    });
  });

  it("blocked: a node and a pod are refused the instance's document, other paths are IMDS's to answer", async () => {
    const ask = async (path: string, ...header: readonly string[]) => {
      const curl = ["curl", "-s", "-w", "\n%{http_code}", ...header, `http://127.0.0.1:2579${path}`];
      const [body = "", status] = told(await cluster.onNode(1, curl)).split(/\n(?=\d+$)/);
      return { body, status };
    };
    const header = ["-H", "Metadata: true"];
    expect((await ask("/metadata/instance?api-version=2021-02-01", ...header)).status).toBe("403");
    expect((await ask("/doesnotexist", ...header)).status).toBe("404");
    expect((await ask("/metadata/identity/oauth2/token")).body).toContain("Required metadata header not specified");
  });

  it("Retry-After: a pod that asks too early is told to come again, and then has its token", async () => {
    await using place = await newPlace(cluster, "retry-after");
    const identity = await place.azureIdentity("web");
    await place.pod("web", { node: 1 });
    await place.ready("web");
    await cluster.azure.trouble("arm.virtualMachines.update=delay:8s,times=1");
    await cluster.apply(place.identityObject(identity), place.bindingObject("web"));
    await place.assigned("web", "web", "Created");
    expect(await place.asks("web", identity.clientId)).toMatchObject({ status: 503, retryAfter: "20" });
    await place.assigned("web", "web");
    await place.validates("web", identity);
    await cluster.azure.calm();
  });

  it("immutable: an identity that is pinned stays on the machine when its pod goes", async () => {
    await using place = await newPlace(cluster, "immutable");
    await cluster.apply(place.identityObject(pinned), place.bindingObject(pinned.name));
    await place.pod("web", { selector: pinned.name, node: 1 });
    await place.assigned("web", pinned.name);
    await place.kubectl("delete", "pod", "web");
    await place.unassigned("web", pinned.name);
    expect(await cluster.azure.identitiesOn(vm)).toContain(pinned.id);
    await cluster.azure.detach(vm, pinned.id);
  });
});
