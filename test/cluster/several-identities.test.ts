import { beforeAll, expect, it } from "vitest";
import { chances } from "../support/chances.ts";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

onClusterAtOnce("several identities", (cluster) => {
  beforeAll(() => installed(cluster));

  it("of one pod: each request gets the one that it names", async () => {
    await using place = await newPlace(cluster, "two");
    const reader = await place.identity("reader");
    const writer = await place.azureIdentity("writer");
    await cluster.apply(place.identityObject(writer), place.bindingObject("writer", place.selectorOf("reader")));
    await cluster.azure.denySecrets(writer.clientId);
    await place.pod("web", { selector: "reader" });
    await place.ready("web");
    await Promise.all([place.assigned("web", "reader"), place.assigned("web", "writer")]);
    await place.validates("web", reader);
    const refused = await place.check("web", `--identity-client-id=${writer.clientId}`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("Key Vault answered 403")]);
    expect(await place.asks("web", writer.clientId)).toMatchObject({ status: 200, appId: writer.clientId });
  });

  it("of five pods: those that are deleted in any order are gone, the others still hold", async () => {
    const { seed, below } = chances();
    await using place = await newPlace(cluster, "five");
    const names = ["a1", "b2", "c3", "d4", "e5"];
    const identities = await Promise.all(names.map((name) => place.identity(name)));
    await Promise.all(names.map((name) => place.pod(name)));
    await place.ready(...names);
    await Promise.all(names.map((name) => place.assigned(name, name)));
    const left = [...identities];
    while (left.length > 1) {
      const [gone] = left.splice(below(left.length), 1);
      if (gone === undefined) break;
      await place.kubectl("delete", "azureidentity", gone.name);
      await place.unassigned(gone.name, gone.name);
      const records = left.map(({ name }) => `${name} ${name} Assigned`);
      expect(await place.records(), `KILL_SEED=${seed}`).toEqual(records);
      expect((await place.asks(gone.name, gone.clientId, 1_000)).status).not.toBe(200);
      for (const { name, clientId } of left)
        expect(await place.asks(name, clientId)).toMatchObject({ appId: clientId });
    }
  });

  it("of forty pods: all are assigned and validated", { timeout: 600_000 }, async () => {
    await using place = await newPlace(cluster, "forty");
    const names = ["a1", "b2", "c3", "d4", "e5"];
    const identities = await Promise.all(names.map((name) => place.identity(name)));
    const pods = identities.flatMap((identity) =>
      Array.from({ length: 8 }, (_, at) => ({ name: `${identity.name}-${at}`, identity })),
    );
    await cluster.apply(...pods.map(({ name, identity }) => place.podObject(name, { selector: identity.name })));
    await Promise.all(pods.map(({ name, identity }) => place.assigned(name, identity.name)));
    expect(await place.records()).toHaveLength(40);
    await place.ready(...pods.map(({ name }) => name));
    for (const { name, identity } of pods) {
      expect(await place.asks(name, identity.clientId)).toMatchObject({ appId: identity.clientId });
    }
  });
});
