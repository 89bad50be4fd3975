import { beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

onClusterAtOnce("identities that are no good", (cluster) => {
  beforeAll(() => installed(cluster));

  it.each([
    { when: "at once", node: 1 },
    { when: "after it", node: 2 },
  ])("that do not exist in Azure and come $when hold up no good one", async ({ when, node }) => {
    await using place = await newPlace(cluster, "absent");
    const good = await place.identity("good");
    const bad = await Promise.all(["bad1", "bad2"].map((name) => place.identity(name)));
    await Promise.all(bad.map(({ id }) => cluster.azure.deleteIdentity(id)));
    const pods = {
      good: () => place.pod("good", { node }),
      bad: () => Promise.all([place.pod("bad1", { node }), place.pod("bad2", { node })]),
    };
    if (when === "at once") await Promise.all([pods.good(), pods.bad()]);
    else {
      await pods.good();
      await place.assigned("good", "good");
      await pods.bad();
    }
    await Promise.all([place.assigned("bad1", "bad1", "Created"), place.assigned("bad2", "bad2", "Created")]);
    await place.assigned("good", "good");
    expect(await place.records()).toEqual(["bad1 bad1 Created", "bad2 bad2 Created", "good good Assigned"]);
    await place.ready("good");
    await place.validates("good", good);
  });

  it("with a malformed resource ID are refused at admission, well-formed ones are not", async () => {
    await using place = await newPlace(cluster, "malformed");
    const identity = await place.azureIdentity("web");
    const apply = (id: string) =>
      cluster.tryKubectl(["apply", "--filename=-"], { input: stringify(place.identityObject({ ...identity, id })) });
    const { code, stderr } = await apply("/subscriptions/x/nonsense");
    expect([code, stderr]).toEqual([1, expect.stringContaining("invalid resource id")]);
    expect(await apply(identity.id)).toMatchObject({ code: 0 });
  });
});
