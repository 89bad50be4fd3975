import { beforeAll, expect, it } from "vitest";
import { newPlace, RECORDS } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

onClusterAtOnce("a pod with one identity", (cluster) => {
  beforeAll(() => installed(cluster));

  it("has it until it is deleted: a secret by client ID and resource ID, a token without a name, a record", async () => {
    await using place = await newPlace(cluster, "single");
    const identity = await place.identity("web");
    await place.pod("web");
    await place.ready("web");
    await place.assigned("web", "web");
    await place.validates("web", identity);
    await place.kubectl("delete", "pod", "web");
    await place.unassigned("web", "web");
    expect(await place.records()).toEqual([]);
  });

  it.each(["azureidentity/web", "azureidentitybinding/web-binding"])(
    "loses it, and its token, when %s is deleted",
    async (what) => {
      await using place = await newPlace(cluster, "withdrawn");
      const identity = await place.identity("web");
      await place.pod("web");
      await place.ready("web");
      await place.assigned("web", "web");
      expect(await place.asks("web", identity.clientId)).toMatchObject({ status: 200, appId: identity.clientId });
      await place.kubectl("delete", what);
      await place.unassigned("web", "web");
      expect((await place.asks("web", identity.clientId)).status).not.toBe(200);
    },
  );

  it("gets the other one when its AzureIdentity is edited to stand for that", async () => {
    await using place = await newPlace(cluster, "edited");
    const first = await place.identity("web");
    await place.pod("web");
    await place.ready("web");
    await place.assigned("web", "web");
    const second = { ...(await place.azureIdentity("other")), name: "web" };
    await cluster.apply(place.identityObject(second));
    const record = `azureassignedidentity/web-${place.namespace}-web`;
    const path = `--for=jsonpath={.spec.azureIdentityRef.spec.resourceID}=${second.id}`;
    await cluster.kubectl("wait", record, `--namespace=${RECORDS}`, path, "--timeout=90s");
    await place.assigned("web", "web");
    await place.validates("web", second);
    expect((await place.asks("web", first.clientId)).status).not.toBe(200);
  });

  it("gets another one when its label changes", async () => {
    await using place = await newPlace(cluster, "relabelled");
    await place.identity("first");
    const second = await place.identity("second");
    await place.pod("web", { selector: "first" });
    await place.ready("web");
    await place.assigned("web", "first");
    await place.kubectl("label", "pod", "web", "--overwrite", `aadpodidbinding=${place.selectorOf("second")}`);
    await place.assigned("web", "second");
    await place.validates("web", second);
    await place.unassigned("web", "first");
  });
});
