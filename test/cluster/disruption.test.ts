import { beforeAll, expect, it } from "vitest";
import { apiServerDown, byNetworkOf, killOn } from "./support/nodes.ts";
import { patiently } from "./support/patience.ts";
import { newPlace, TOKEN_URL } from "./support/place.ts";
import { installed, leaderOf, nmiRules, podsOf } from "./support/release.ts";
import { told } from "./support/runners.ts";
import { onCluster } from "./support/shared.ts";

onCluster("what is killed or away", (cluster) => {
  beforeAll(() => installed(cluster));
  /** By pod of MIC, what it says of itself. */
  const health = async () => {
    const said = (await podsOf(cluster, "mic")).map(async ({ metadata: { name }, status: { podIP } }) => {
      const { stdout } = await cluster.inside(["curl", "-s", "-m", "5", `http://${podIP}:8080/healthz`]);
      return [name, stdout] as const;
    });
    return Object.fromEntries(await Promise.all(said));
  };

  it("the MIC that leads says Active, the other Not Active, and every NMI Active", async () => {
    await expect.poll(async () => Object.values(await health()).sort(), patiently).toEqual(["Active", "Not Active"]);
    const leader = await leaderOf(cluster);
    expect(await health()).toMatchObject({ [leader]: "Active" });
    for (const { status } of await podsOf(cluster, "nmi")) {
      const asked = await cluster.inside(["curl", "-s", "-m", "5", `http://${status.podIP}:8085/healthz`]);
      expect(told(asked)).toBe("Active");
    }
  });

  it("the MIC that leads is deleted while an identity comes: the other one takes over and assigns it", async () => {
    await using place = await newPlace(cluster, "leader");
    const identity = await place.azureIdentity("web");
    const leader = await leaderOf(cluster);
    await Promise.all([
      cluster.kubectl("delete", "pod", leader, "--namespace=kube-system", "--wait=false"),
      cluster.apply(place.identityObject(identity), place.bindingObject("web"), place.podObject("web")),
    ]);
    await place.ready("web");
    await place.assigned("web", "web");
    await place.validates("web", identity);
    expect(await leaderOf(cluster)).not.toBe(leader);
  });

  it("the MIC that leads is killed: its lock runs out or it comes back, and the identity is assigned", async () => {
    await using place = await newPlace(cluster, "crash");
    await expect.poll(() => leaderOf(cluster), patiently).not.toBe("");
    const leader = await leaderOf(cluster);
    const pod = (await podsOf(cluster, "mic")).find(({ metadata }) => metadata.name === leader);
    await killOn(cluster, Number(pod?.spec.nodeName.slice("node".length)), "mic");
    const identity = await place.identity("web");
    await place.pod("web");
    await place.ready("web");
    await place.assigned("web", "web");
    await place.validates("web", identity);
  });

  it("NMI is killed: no request passes it meanwhile, and it serves again", async () => {
    await using place = await newPlace(cluster, "nmi");
    const identity = await place.identity("web");
    const bare = await place.azureIdentity("bare");
    const vm = cluster.facts.machines[0]?.id ?? "";
    await using stack = new AsyncDisposableStack();
    await cluster.azure.attach(vm, bare.id);
    stack.defer(() => cluster.azure.detach(vm, bare.id));
    await place.pod("web", { node: 1 });
    await place.ready("web");
    await place.assigned("web", "web");
    expect(await place.asks("web", identity.clientId)).toMatchObject({ status: 200 });
    await killOn(cluster, 1, "nmi");
    expect((await nmiRules(cluster, 1)).length).toBeGreaterThan(0);
    // An identity of the machine that is not the pod's: IMDS itself would give it away.
    expect((await place.asks("web", bare.clientId, 2_000)).status).not.toBe(200);
    await expect.poll(async () => (await place.asks("web", identity.clientId)).status, patiently).toBe(200);
    expect((await place.asks("web", bare.clientId, 2_000)).status).not.toBe(200);
  });

  it("the API server is away: pods keep their tokens, and what comes after it is served", async () => {
    await using place = await newPlace(cluster, "outage");
    const identity = await place.identity("web");
    await place.pod("web", { node: 1 });
    await place.ready("web");
    await place.assigned("web", "web");
    await place.validates("web", identity); // NMI hands nothing out for an address of which it was never sure
    const { status } = await cluster.get("pod", "web", `--namespace=${place.namespace}`);
    const curl = ["curl", "-s", "-m", "10", "-H", "Metadata: true", `${TOKEN_URL}&client_id=${identity.clientId}`];
    {
      await using _down = await apiServerDown(cluster);
      expect(JSON.parse(await byNetworkOf(cluster, 1, status.podIP, curl))).toMatchObject({ token_type: "Bearer" });
      expect((await cluster.tryKubectl(["get", "nodes", "--request-timeout=2s"])).code).not.toBe(0);
    }
    const later = await place.identity("later");
    await place.pod("later", { node: 2 });
    await place.ready("later");
    await place.assigned("later", "later");
    await place.validates("later", later);
    await place.validates("web", identity);
  });
});
