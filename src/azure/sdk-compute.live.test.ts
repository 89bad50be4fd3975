import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { authority, sdkAzure, tls } from "../../test/support/azure/sdk-azure.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { resourceKey } from "../api/resource-id.ts";
import { machineOf } from "./compute.ts";
import { type Access, SdkCompute } from "./sdk-compute.ts";

const never = new AbortController().signal;
// Generous, since the machine may be busy with other things; nothing here takes that long by itself.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

describe("SdkCompute", () => {
  it("takes a machine for gone that Azure is about to delete", async () => {
    const answer = JSON.stringify({ properties: { provisioningState: "Deleting" } });
    await using server = createServer(tls, (_, response) => {
      response.setHeader("content-type", "application/json").end(answer);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const resourceManager = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const token = { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
    await using az = await sdkAzure({
      cloud: { resourceManager, activeDirectory: resourceManager },
      credential: async () => ({ getToken: async () => token }),
    });
    const wish = { attach: [az.identity("a")], detach: [az.identity("b")] };
    const { done, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
    expect([fault?.code, done]).toEqual(["ARM_NOT_FOUND", new Set(wish.detach)]);
  });

  it("hears what is left of Azure's limits, and leaves the subscription alone when nothing is", async () => {
    const breaker: unknown[] = [];
    await using az = await sdkAzure({ onBreaker: (state) => breaker.push(state) });
    const heard: unknown[] = [];
    await az.compute.get(machineOf(az.vm.id), never, (remaining) => heard.push(remaining));
    expect(heard).toEqual([{ status: 200, subscriptionReads: 249, resource: new Map() }]);

    const left = { "x-ms-ratelimit-remaining-subscription-writes": "0" };
    const failure = { status: 429, code: "TooManyRequests", message: "no", retryAfterSeconds: 60, headers: left };
    az.world.traffic.failNext("arm.virtualMachineScaleSets.update", failure);
    await az.machines.patch(resourceKey(az.scaleSet.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(breaker).toEqual(["open"]);
    expect(az.machines.delayMs(resourceKey(az.vm.id))).toBeGreaterThan(50_000);
  });

  it("signs in anew when the configuration changes, from the next call on", async () => {
    await using az = await sdkAzure({ operationMs: 200 });
    const { good, bad } = az.accesses;
    const a = az.identity("a");
    az.use(bad);
    const wish = { attach: [a], detach: [] };
    expect((await az.machines.patch(resourceKey(az.vm.id), wish, never)).fault?.code).toBe("ARM_CREDENTIAL");
    az.use(good);
    const underWay = az.machines.patch(resourceKey(az.vm.id), wish, never);
    await expect.poll(() => az.world.traffic.calls("arm.virtualMachines.update")).toBe(1);
    az.use(bad);
    expect((await underWay).done).toEqual(new Set([a]));
  });

  it.each([
    {
      when: "soon at first, then every five seconds",
      headers: {},
      pauses: [1_000, 1_000, 1_000, 2_000, 3_000, 5_000, 5_000],
    },
    { when: "when Azure says", headers: { "retry-after": "7" }, pauses: [1_000, 7_000, 7_000] },
    { when: "when Azure guesses a short time", headers: { "retry-after": "2" }, pauses: [2_000, 2_000] },
    { when: "at once when Azure says", headers: { "retry-after": "0" }, pauses: [0, 0] },
  ])("asks how a change fares $when", async ({ headers, pauses }) => {
    let asked = 0;
    await using server = createServer(tls, ({ method, headers: { host } }, response) => {
      const operation = `https://${host}/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/o`;
      if (method !== "PATCH") asked += 1;
      response.writeHead(method === "PATCH" ? 202 : 200, { "azure-asyncoperation": operation, ...headers });
      response.end(JSON.stringify({ status: "InProgress" }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const resourceManager = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const token = { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
    const credential = async () => ({ getToken: async () => token });
    const access: Access = { cloud: { resourceManager, activeDirectory: resourceManager }, credential };
    const clock = new FakeClock();
    const compute = new SdkCompute({ access: () => access, ca: authority.caPem, userAgent: "test", clock });
    const stop = new AbortController();
    const vm = machineOf("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-0");
    const changing = compute.update(vm, { type: "None" }, stop.signal);
    for (const [i, ms] of pauses.entries()) {
      await clock.asleep();
      expect([asked, clock.asleepFor]).toEqual([i, [ms]]);
      clock.advance(ms);
    }
    await clock.asleep();
    stop.abort(new Error("enough"));
    await expect(changing).rejects.toThrow("enough");
  });

  it("sends the api-version of an older cloud", async () => {
    await using az = await sdkAzure({ apiVersion: "2017-03-30" });
    const { fault } = await az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(fault?.message).toContain("The api-version '2017-03-30' is invalid");
  });

  it("does without etags in an older cloud", async () => {
    await using az = await sdkAzure({ apiVersion: "2023-09-01" });
    const { compute, vm } = az;
    expect((await compute.get(machineOf(vm.id), never)).etag).toBeUndefined();
    await compute.update(machineOf(vm.id), { type: "SystemAssigned" }, never, { etag: '"9"' });
    expect((await compute.get(machineOf(vm.id), never)).type).toBe("SystemAssigned");
  });
});
