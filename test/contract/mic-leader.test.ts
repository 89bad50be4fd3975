import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { ApiProxy } from "../support/kube/api-proxy.ts";
import { type MicPlace, micPlace } from "../support/mic/program.ts";

/** What a leader knows when it begins. */

/** A busy machine takes its time for each step. */
const within = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: 240_000 });
let place: MicPlace;
beforeAll(async () => {
  place = await micPlace();
});
afterAll(() => place[Symbol.asyncDispose]());

describe("a leader", () => {
  it("takes nothing off a pod that it has not heard of, because its watches died without a sign", async () => {
    const vm = place.world.createVm({ resourceGroup: "rg", name: "vm-1" });
    const { id, clientId } = place.world.createIdentity({ resourceGroup: "rg", name: "other" });
    await place.create(kinds.node, "vm-1", { providerID: `azure://${vm.id}` });
    await place.create(kinds.identity, "other", { type: 0, resourceID: id, clientID: clientId });
    await place.create(kinds.binding, "other", { azureIdentity: "other", selector: "other" });
    const pod = { nodeName: "vm-1", containers: [{ name: "main", image: "demo" }] };
    await using proxy = await ApiProxy.start(place.access);
    const lease = [`--leader-election-name=${crypto.randomUUID()}`];

    await using first = place.start([...(await place.flags("first")), ...lease]);
    await expect.poll(() => first.text, within).toContain("sync thread started");
    await using second = place.start([...(await place.flags("second", proxy.access.server)), ...lease]);
    await expect.poll(() => second.text, within).toContain("another holds the leader lease");
    await expect.poll(() => proxy.watches, within).toBe(6); // the five kinds of objects, and the lock
    proxy.freeze();
    await place.create(kinds.pod, "early", pod, { [BINDING_LABEL]: "other" });
    await expect.poll(place.states, within).toEqual(["early-default-other Assigned"]);
    first.kill("SIGTERM");
    await expect.poll(() => second.text, within).toContain("sync thread started");

    await place.create(kinds.pod, "late", pod, { [BINDING_LABEL]: "other" });
    await expect.poll(place.states, within).toEqual(["early-default-other Assigned", "late-default-other Assigned"]);
    expect(second.text).not.toContain("del [early");
    expect(place.world.identitiesOn(vm.id)).toEqual([id]);
  });

  it("does not ask to lead before it knows all of the cluster", async () => {
    await using proxy = await ApiProxy.start(place.access);
    place.api.failNext({ verb: "list", resource: "pods" }, { code: 403, message: "no" }, 1_000);
    await using mic = place.start([
      ...(await place.flags("first", proxy.access.server)),
      `--leader-election-name=${crypto.randomUUID()}`,
      "--leader-election-duration=5m", // a busy machine shall not make it lose its lease, and end
    ]);
    const asked = (what: string) => proxy.requests.filter((request) => request.includes(what));
    await expect.poll(() => asked("/pods?").length, within).toBeGreaterThan(2);
    expect(asked("/leases")).toEqual([]);
    const why = "the API server has not given all pods yet";
    await expect.poll(() => mic.ask("health probe", "/readyz"), within).toBe(`Not Ready: ${why}`);
    place.api.calm();
    await expect.poll(() => mic.text, within).toContain("sync thread started");
    await expect.poll(() => mic.ask("health probe", "/readyz"), within).toBe("Ready");
  });
});
