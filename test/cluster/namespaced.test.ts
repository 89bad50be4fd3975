import { beforeAll, expect, it } from "vitest";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

onClusterAtOnce("namespaced", (cluster) => {
  beforeAll(() => installed(cluster, { forceNamespaced: true }));

  it("equal names in two namespaces do not meet, and records are with the pods", async () => {
    await using first = await newPlace(cluster, "team-a", { isNamespaced: true });
    await using second = await newPlace(cluster, "team-b", { isNamespaced: true });
    const identities = await Promise.all([first, second].map((place) => place.identity("web")));
    await Promise.all([first, second].map((place) => place.pod("web")));
    for (const [at, place] of [first, second].entries()) {
      await place.ready("web");
      await place.assigned("web", "web");
      const identity = identities[at] ?? { clientId: "", id: "" };
      await place.validates("web", identity);
      expect(await place.asks("web")).toMatchObject({ appId: identity.clientId });
    }
  });

  it("a pod gets nothing of another namespace, whatever its label", async () => {
    await using owner = await newPlace(cluster, "owner", { isNamespaced: true });
    await using thief = await newPlace(cluster, "thief", { isNamespaced: true });
    const identity = await owner.identity("web");
    await owner.pod("web", { node: 1 });
    await owner.assigned("web", "web");
    const labels = { aadpodidbinding: owner.selectorOf("web") };
    await thief.pod("web", { selector: null, labels, node: 1 });
    await thief.ready("web");
    expect((await thief.asks("web", identity.clientId)).status).not.toBe(200);
    expect((await thief.asks("web")).status).not.toBe(200);
    expect(await thief.records()).toEqual([]);
  });
});
