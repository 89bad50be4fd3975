import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { resourceKey } from "../api/resource-id.ts";
import { Secret } from "../base/secret.ts";
import { startArm } from "../sandbox/azure/arm.ts";
import { startEntra } from "../sandbox/azure/entra.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import { type Authority, createAuthority, type ServerCertificate } from "../sandbox/certificates.ts";
import { machineOf } from "./compute.ts";
import { createCredential } from "./credentials.ts";
import type { ArmCall } from "./machine-calls.ts";
import { ArmMachines, type MachinesOptions } from "./machines.ts";
import { type Access, SdkCompute } from "./sdk-compute.ts";

let authority: Authority;
let tls: ServerCertificate;
beforeAll(async () => {
  authority = await createAuthority();
  tls = await authority.serverCertificate();
});

const never = new AbortController().signal;
// Generous, since the machine may be busy with other things; nothing here takes that long by itself.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

type Over = Partial<MachinesOptions> &
  Partial<Access> & { readonly operationMs?: number; readonly secret?: string; readonly apiVersion?: string };

async function azure(over: Over = {}) {
  const { operationMs = 0, secret, apiVersion, credential, cloud: otherCloud, ...options } = over;
  const world = await createWorld();
  const entra = await startEntra({ world, tls });
  const arm = await startArm({ world, tls, operationMs });
  const cloud = otherCloud ?? { resourceManager: arm.url, activeDirectory: entra.url };
  const principal = world.createServicePrincipal();
  const config = {
    cloud: "AzureStackCloud",
    tenantId: principal.tenant,
    subscriptionId: world.subscription,
    resourceGroup: "rg",
    signIn: { kind: "secret", clientId: principal.clientId, secret: new Secret(principal.secret) },
  } as const;
  const calls: ArmCall[] = [];
  const ca = authority.caPem;
  const signIn = (secret: string) => () =>
    createCredential({ ...config, signIn: { ...config.signIn, secret: new Secret(secret) } }, cloud, { ca });
  const good: Access = { cloud, credential: credential ?? signIn(secret ?? principal.secret) };
  const bad: Access = { cloud, credential: signIn("not-the-secret") };
  let access = good;
  const sdk = { access: () => access, ca, userAgent: "test", ...(apiVersion === undefined ? {} : { apiVersion }) };
  const compute = new SdkCompute(sdk);
  const machines = new ArmMachines({
    compute,
    retryIntervalMs: 0,
    onCall: (call) => calls.push(call),
    ...options,
  });
  const identity = (name: string) => resourceKey(world.createIdentity({ resourceGroup: "rg", name }).id);
  const vm = world.createVm({ resourceGroup: "rg", name: "vm-0" });
  const scaleSet = world.createScaleSet({ resourceGroup: "rg", name: "pool", instances: 2, systemAssigned: true });
  const on = (id: string) => world.identitiesOn(id).map(resourceKey).sort();
  const stop = () => Promise.all([arm[Symbol.asyncDispose](), entra[Symbol.asyncDispose]()]).then(() => {});
  const use = (other: Access) => {
    access = other;
  };
  const parts = { world, principal, compute, machines, calls, accesses: { good, bad }, use };
  return { ...parts, identity, vm, scaleSet, on, [Symbol.asyncDispose]: stop };
}

describe("ArmMachines", () => {
  it("puts identities on a VM and a scale set, and takes them off again", async () => {
    await using az = await azure();
    const [a, b] = [az.identity("a"), az.identity("b")];
    for (const id of [az.vm.id, az.scaleSet.id].map(resourceKey)) {
      expect(await az.machines.patch(id, { attach: [a, b], detach: [] }, never)).toEqual({
        done: new Set([a, b]),
        refused: new Map(),
        fault: undefined,
      });
      expect(az.on(id)).toEqual([a, b]);
      expect((await az.machines.patch(id, { attach: [], detach: [a, b] }, never)).done).toEqual(new Set([a, b]));
      expect(az.on(id)).toEqual([]);
    }
    expect((await az.machines.read(resourceKey(az.vm.id), never)).type).toBe("None");
    expect((await az.machines.read(resourceKey(az.scaleSet.id), never)).type).toBe("SystemAssigned");
    expect(new Set(az.calls.map(({ operation }) => operation))).toEqual(
      new Set(["vm_get", "vm_update", "vmss_get", "vmss_update"]),
    );
  });

  it("waits until Azure has done it", async () => {
    await using az = await azure({ operationMs: 200 });
    const started = performance.now();
    await az.machines.patch(resourceKey(az.scaleSet.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(az.world.traffic.calls("arm.operations.get")).toBeGreaterThan(1);
  });

  it("sends nothing when nothing is wished, and no PATCH when nothing differs", async () => {
    await using az = await azure();
    const id = resourceKey(az.vm.id);
    await az.machines.patch(id, { attach: [], detach: [] }, never);
    expect(az.world.traffic.calls("arm.virtualMachines.get")).toBe(0);
    const gone = az.identity("gone");
    expect((await az.machines.patch(id, { attach: [], detach: [gone] }, never)).done).toEqual(new Set([gone]));
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(0);
  });

  it("sends at most 150 identities at once, and goes on without one that does not exist", async () => {
    await using az = await azure();
    const ids = Array.from({ length: 200 }, (_, i) => az.identity(`id-${String(i).padStart(3, "0")}`));
    const missing = ids[100]?.replace("id-100", "nowhere") ?? "";

    const wish = { attach: [...ids.slice(0, 100), missing, ...ids.slice(100)], detach: [] };
    const { done, refused, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);

    expect([done, fault]).toEqual([new Set(ids), undefined]);
    expect(az.on(az.vm.id)).toEqual(ids);
    expect([...refused]).toMatchObject([[missing, { fault: { code: "ARM_IDENTITY_REFUSED" }, isNew: true }]]);
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(3);
  });

  it("takes a machine that is gone for rid of everything", async () => {
    await using az = await azure();
    const wish = { attach: [az.identity("a")], detach: [az.identity("b")] };
    const { done, fault } = await az.machines.patch(resourceKey(az.vm.id).replace("vm-0", "vm-9"), wish, never);
    expect(done).toEqual(new Set(wish.detach));
    expect(fault?.code).toBe("ARM_NOT_FOUND");
  });

  it("leaves pinned identities on a machine, whatever the wish calls them, and says so", async () => {
    const pinnedClientIds = new Set<string>();
    const spared: unknown[] = [];
    await using az = await azure({
      pinnedClientIds: () => pinnedClientIds,
      onSpared: (machine, ids) => spared.push([machine, ids]),
    });
    const { id: pinnedId, clientId } = az.world.createIdentity({ resourceGroup: "rg", name: "Cluster" });
    pinnedClientIds.add(clientId.toLowerCase());
    const [id, pinned, a] = [resourceKey(az.vm.id), resourceKey(pinnedId), az.identity("a")];
    await az.machines.patch(id, { attach: [pinned, a], detach: [] }, never);

    const { done, fault } = await az.machines.patch(id, { attach: [], detach: [pinned, a] }, never);

    expect([done, fault]).toEqual([new Set([pinned, a]), undefined]);
    expect([az.on(id), spared]).toEqual([[pinned], [[id, [pinned]]]]);
  });

  it("takes a machine for gone that Azure is about to delete", async () => {
    const answer = JSON.stringify({ properties: { provisioningState: "Deleting" } });
    await using server = createServer(tls, (_, response) => {
      response.setHeader("content-type", "application/json").end(answer);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const resourceManager = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const token = { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
    await using az = await azure({
      cloud: { resourceManager, activeDirectory: resourceManager },
      credential: async () => ({ getToken: async () => token }),
    });
    const wish = { attach: [az.identity("a")], detach: [az.identity("b")] };
    const { done, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
    expect([fault?.code, done]).toEqual(["ARM_NOT_FOUND", new Set(wish.detach)]);
  });

  it("asks for the credential again after it could not be had", async () => {
    let asked = 0;
    const credential = () => {
      asked += 1;
      return Promise.reject(new Error("no file"));
    };
    await using az = await azure({ credential });
    for (const times of [1, 2]) {
      const wish = { attach: [az.identity("a")], detach: [] };
      const { fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
      expect([fault?.message, asked]).toEqual([expect.stringContaining("no file"), times]);
    }
  });

  it.each([
    {
      failure: { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 7 },
      code: "ARM_THROTTLED",
      ms: 7_000,
    },
    { failure: { status: 500, code: "InternalServerError", message: "oops" }, code: "ARM_ERROR", ms: undefined },
    { failure: "connection closed" as const, code: "ARM_UNREACHABLE", ms: undefined },
  ])("leaves it to the caller when to try again after $code", async ({ failure, code, ms }) => {
    await using az = await azure();
    az.world.traffic.failNext("arm.virtualMachines.get", failure);
    const { done, fault } = await az.machines.patch(
      resourceKey(az.vm.id),
      { attach: [az.identity("a")], detach: [] },
      never,
    );
    expect(fault).toMatchObject({ code, retryAfterMs: ms });
    expect(done.size).toBe(0);
    expect(az.world.traffic.calls("arm.virtualMachines.get")).toBe(1);
    expect(az.calls).toMatchObject([{ operation: "vm_get", fault: { code } }]);
  });

  it("does not take an operation for failed because one question about it was", async () => {
    await using az = await azure({ operationMs: 20 });
    const a = az.identity("a");
    az.world.traffic.failNext("arm.operations.get", {
      status: 429,
      code: "TooManyRequests",
      message: "wait",
      retryAfterSeconds: 1,
    });
    expect(await az.machines.patch(resourceKey(az.vm.id), { attach: [a], detach: [] }, never)).toMatchObject({
      fault: undefined,
    });
    expect(az.on(az.vm.id)).toEqual([a]);
  });

  it("takes no machine for gone, and nothing for done, because Azure has forgotten an operation on it", async () => {
    await using az = await azure({ operationMs: 60_000 });
    const id = resourceKey(az.vm.id);
    az.world.traffic.failNext("arm.operations.get", { status: 404, code: "NotFound", message: "what operation?" });
    const wish = { attach: [az.identity("b")], detach: [az.identity("a")] };
    const { done, fault } = await az.machines.patch(id, wish, never);
    expect([fault?.code, done]).toEqual(["ARM_ERROR", new Set(wish.detach)]);
  });

  it("finds done what it could not follow to the end", async () => {
    await using az = await azure({ operationMs: 20 });
    const a = az.identity("a");
    // The question arrives in time, and its answer comes when all is done.
    az.world.traffic.delay("arm.operations.get", 100);
    az.world.traffic.failNext("arm.operations.get", { status: 404, code: "NotFound", message: "what operation?" });
    const result = await az.machines.patch(resourceKey(az.vm.id), { attach: [a], detach: [] }, never);
    expect(result).toMatchObject({ done: new Set([a]), fault: undefined });
  });

  it("says what is wrong with MIC's own credentials, without the secret", async () => {
    await using az = await azure({ secret: "not-the-secret" });
    const { fault } = await az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(fault).toMatchObject({
      code: "ARM_CREDENTIAL",
      message: expect.stringContaining("AADSTS7000215"),
    });
    expect(fault?.message).not.toContain("not-the-secret");
  });

  it("says whose role on which identity is missing, and puts the others on", async () => {
    await using az = await azure();
    const [a, b, c] = [az.identity("a"), az.identity("b"), az.identity("c")];
    for (const id of [a, c]) az.world.denyAssignment(id);
    const wish = { attach: [a, b, c], detach: [] };
    const { done, refused, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
    expect([done, [...refused.keys()], fault]).toEqual([new Set([b]), [a, c], undefined]);
    expect(refused.get(a)?.fault.message).toMatch(
      new RegExp(`"Managed Identity Operator" --assignee-object-id ${az.principal.principalId} .* --scope "${a}"$`),
    );
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(2);
  });

  it.each(["arm.virtualMachines.update", "arm.virtualMachineScaleSets.update"] as const)(
    "sets aside an identity that %s does not take for a reason of Azure's own",
    async (update) => {
      await using az = await azure();
      const a = az.identity("a");
      az.world.traffic.failNext(update, { status: 400, code: "InvalidParameter", message: "odd" });
      const machine = resourceKey(/ScaleSet/.test(update) ? az.scaleSet.id : az.vm.id);
      const { refused } = await az.machines.patch(machine, { attach: [a], detach: [] }, never);
      expect(refused.get(a)?.fault.message).toBe(
        `Azure refuses the identity ${a} (InvalidParameter): MIC's log holds what Azure says`,
      );
    },
  );

  it("hears what is left of Azure's limits, and leaves the subscription alone when nothing is", async () => {
    const breaker: unknown[] = [];
    await using az = await azure({ onBreaker: (state) => breaker.push(state) });
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
    await using az = await azure({ operationMs: 200 });
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

  it("stops at once when told to", async () => {
    await using az = await azure({ operationMs: 60_000 });
    const stop = new AbortController();
    const patching = az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, stop.signal);
    await expect.poll(() => az.world.traffic.calls("arm.operations.get"), { timeout: 20_000 }).toBeGreaterThan(0);
    stop.abort(new Error("enough"));
    await expect(patching).rejects.toThrow("enough");
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
    await using az = await azure({ apiVersion: "2017-03-30" });
    const { fault } = await az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(fault?.message).toContain("The api-version '2017-03-30' is invalid");
  });
});
