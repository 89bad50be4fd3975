import { beforeAll, expect, it } from "vitest";
import { newPlace } from "./support/place.ts";
import { installed, podsOf } from "./support/release.ts";
import { onCluster } from "./support/shared.ts";

onCluster("managed mode", (cluster) => {
  const vm = cluster.facts?.machines[0]?.id ?? "";
  beforeAll(() => installed(cluster, { operationMode: "managed" }));

  it("serves what somebody put on the machine, to pods of its namespace alone, without MIC or records", async () => {
    expect(await podsOf(cluster, "mic")).toEqual([]);
    await using place = await newPlace(cluster, "managed");
    await using other = await newPlace(cluster, "unmanaged");
    await using stack = new AsyncDisposableStack();
    const identity = await place.identity("web");
    await cluster.azure.attach(vm, identity.id);
    stack.defer(() => cluster.azure.detach(vm, identity.id));
    await place.pod("web", { node: 1 });
    await other.pod("web", { selector: null, labels: { aadpodidbinding: place.selectorOf("web") }, node: 1 });
    await Promise.all([place.ready("web"), other.ready("web")]);
    await place.validates("web", identity);
    expect((await other.asks("web", identity.clientId)).status).not.toBe(200);
    expect(await place.records()).toEqual([]);
  });
});
