import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { accessToken } from "./access-token.ts";
import { startArm } from "./arm.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld, type World } from "./world.ts";

const key = await SigningKey.generate();
const VERSION = "api-version=2019-12-01";

type Change = { readonly method?: string; readonly body?: unknown; readonly token?: string | undefined };

function tokenFor(world: World): string {
  const principal = { tenant: world.tenant, clientId: "client", principalId: "principal" };
  return accessToken(world, { ...principal, audience: "https://management.azure.com/", lifetimeSeconds: 3600 }).token;
}

/** A Resource Manager, and a caller whose token it takes. */
async function start(options: { readonly operationMs?: number } = {}) {
  const clock = new FakeClock();
  const world = await createWorld({ clock, key, subscription: "sub" });
  const arm = await startArm({ world, ...options });
  const call = async (path: string, { method = "GET", body, token = tokenFor(world) }: Change = {}) => {
    const response = await fetch(path.startsWith("http") ? path : `${arm.url}${path}`, {
      method,
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
  };
  return { clock, world, arm, call, [Symbol.asyncDispose]: () => arm[Symbol.asyncDispose]() };
}

const vmPath = `/subscriptions/sub/resourceGroups/nodes/providers/Microsoft.Compute/virtualMachines/vm-0?${VERSION}`;

it("takes no request without a token that Entra ID gave", async () => {
  await using azure = await start();
  const { status, headers, json } = await azure.call(vmPath, { token: "" });

  expect([status, json.error.code]).toEqual([401, "AuthenticationFailed"]);
  expect(headers.get("www-authenticate")).toContain('Bearer authorization_uri="https://login.windows.net/');
});

describe("what is asked for", () => {
  const provider = "/subscriptions/sub/resourceGroups/nodes/providers";
  it.each([
    { path: vmPath.replace(VERSION, ""), status: 400, code: "MissingApiVersionParameter" },
    { path: vmPath.replace("2019", "2015"), status: 400, code: "InvalidApiVersionParameter" },
    { path: vmPath.replace("vm-0", "vm-9"), status: 404, code: "ResourceNotFound" },
    { path: vmPath.replace("nodes", "nothing"), status: 404, code: "ResourceGroupNotFound" },
    { path: vmPath.replace("/sub/", "/other/"), status: 404, code: "SubscriptionNotFound" },
    { path: `${provider}/Microsoft.Network/virtualNetworks/net?${VERSION}`, status: 501, code: "NotImplemented" },
  ])("$path is $code", async ({ path, status, code }) => {
    await using azure = await start();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const answer = await azure.call(path);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.headers.get("x-ms-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is found whatever the case of the path", async () => {
    await using azure = await start();
    const vm = azure.world.createVm({ resourceGroup: "Nodes", name: "vm-0", systemAssigned: true });

    const { json } = await azure.call(vmPath.toUpperCase().replace(VERSION.toUpperCase(), VERSION));
    expect(json).toMatchObject({ id: vm.id, identity: { type: "SystemAssigned", tenantId: azure.world.tenant } });
  });
});

describe("a change of a machine", () => {
  it.each(["not json", '"text"', ""])("is refused when its body is %j", async (body) => {
    await using azure = await start();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const { status, json } = await azure.call(vmPath, { method: "PATCH", body });
    expect([status, json.error.code]).toEqual([400, "InvalidRequestContent"]);
  });

  it("is refused when it is about more than identities", async () => {
    await using azure = await start();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const { status, json } = await azure.call(vmPath, { method: "PATCH", body: { tags: {}, plan: {} } });
    expect([status, json.error.message]).toEqual([501, expect.stringContaining("leave 'tags', 'plan' out")]);
  });

  it("runs as a long operation that can be followed in either way", async () => {
    await using azure = await start({ operationMs: 2_500 });
    const { world, call, clock } = azure;
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id, clientId, principalId } = world.createIdentity({ resourceGroup: "identities", name: "demo" });

    const body = { identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } } };
    const accepted = await call(vmPath, { method: "PATCH", body });
    expect(accepted.status).toBe(200);
    expect(accepted.headers.get("retry-after")).toBe("3");
    expect(accepted.json).toMatchObject({
      properties: { provisioningState: "Updating" },
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: { clientId, principalId } } },
    });

    const operationUrl = accepted.headers.get("azure-asyncoperation") ?? "";
    const monitorUrl = accepted.headers.get("location") ?? "";
    expect((await call(operationUrl)).json).toMatchObject({ status: "InProgress" });
    expect((await call(monitorUrl)).status).toBe(202);
    expect(world.identitiesOn(vm.id)).toEqual([]);

    clock.advance(2_500);
    expect((await call(operationUrl)).json).toMatchObject({ status: "Succeeded", endTime: expect.any(String) });
    expect((await call(monitorUrl)).json).toMatchObject({ properties: { provisioningState: "Succeeded" } });
    expect(world.identitiesOn(vm.id)).toEqual([id]);
  });

  it("preempts an older one, whose effect it includes", async () => {
    await using azure = await start({ operationMs: 1_000 });
    const { world, call, clock } = azure;
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const ids = ["a", "b"].map((name) => world.createIdentity({ resourceGroup: "identities", name }).id);

    const operations: string[] = [];
    for (const id of ids) {
      const body = { identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } } };
      const { headers } = await call(vmPath, { method: "PATCH", body });
      operations.push(headers.get("azure-asyncoperation") ?? "");
    }
    expect(world.identitiesOn(vm.id)).toEqual([]);
    clock.advance(1_000);

    const [older, newer] = await Promise.all(operations.map((url) => call(url)));
    expect(older?.json).toMatchObject({ status: "Canceled", error: { code: "OperationPreempted" } });
    expect(newer?.json).toMatchObject({ status: "Succeeded" });
    const monitored = await call(`${operations[0]}&monitor=true`);
    expect([monitored.status, monitored.json.error.code]).toEqual([409, "OperationPreempted"]);
    expect(world.identitiesOn(vm.id)).toEqual(ids);
  });
});

describe("user-assigned identities", () => {
  const path = `/subscriptions/sub/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo?api-version=2023-01-31`;

  it("are created, shown, listed and deleted", async () => {
    await using azure = await start();
    const { world, call } = azure;
    world.createResourceGroup("identities");
    const body = { location: "northeurope", tags: { owner: "me" } };

    const created = await call(path, { method: "PUT", body });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      name: "demo",
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      ...body,
      properties: { tenantId: world.tenant, clientId: expect.any(String), principalId: expect.any(String) },
    });
    expect(await call(path, { method: "PUT", body })).toMatchObject({ status: 200, json: created.json });
    expect(await call(path)).toMatchObject({ status: 200, json: created.json });
    expect(await call(path.replace("/demo", ""))).toMatchObject({ json: { value: [created.json] } });

    expect((await call(path, { method: "DELETE" })).status).toBe(200);
    expect((await call(path, { method: "DELETE" })).status).toBe(204);
    expect((await call(path)).json.error.code).toBe("ResourceNotFound");
  });

  it.each([
    { body: {}, code: "LocationRequired" },
    { body: { location: "northeurope", tags: { a: 1 } }, code: "InvalidRequestContent" },
  ])("are refused as $code with the body $body", async ({ body, code }) => {
    await using azure = await start();
    azure.world.createResourceGroup("identities");
    const { status, json } = await azure.call(path, { method: "PUT", body });
    expect([status, json.error.code]).toEqual([400, code]);
  });

  it("stay on a machine after they are deleted, until they are taken off", async () => {
    await using azure = await start();
    const { world, call } = azure;
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [id] });

    await call(path, { method: "DELETE" });
    expect((await call(vmPath)).json.identity.userAssignedIdentities).toHaveProperty([id]);
    await call(vmPath, { method: "PATCH", body: { identity: { type: "None" } } });
    expect((await call(vmPath)).json.identity).toBeUndefined();
  });
});

describe("trouble on demand", () => {
  it("fails the next calls as told, in Azure's form, and counts them", async () => {
    await using azure = await start();
    const { world, call } = azure;
    world.createResourceGroup("nodes");
    const failure = { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 7 };
    world.traffic.failNext("arm.resourceGroups.get", failure, 2);
    const path = `/subscriptions/sub/resourceGroups/nodes?${VERSION}`;

    for (let n = 0; n < 2; n += 1) {
      const { status, headers, json } = await call(path);
      expect([status, headers.get("retry-after"), json]).toEqual([
        429,
        "7",
        { error: { code: "TooManyRequests", message: "slow down" } },
      ]);
    }
    expect((await call(path)).status).toBe(200);
    expect(world.traffic.calls("arm.resourceGroups.get")).toBe(3);
  });

  it("closes the connection without an answer", async () => {
    await using azure = await start();
    azure.world.traffic.failNext("arm.resourceGroups.get", "connection closed");
    await expect(azure.call(`/subscriptions/sub/resourceGroups/nodes?${VERSION}`)).rejects.toThrow("fetch failed");
  });

  it("answers late, and is still stopped at once", async () => {
    const azure = await start();
    const { world, call, clock } = azure;
    world.createResourceGroup("nodes");
    world.traffic.delay("arm.resourceGroups.get", 5_000);
    const path = `/subscriptions/sub/resourceGroups/nodes?${VERSION}`;

    const late = call(path);
    await clock.asleep();
    clock.advance(5_000);
    expect((await late).status).toBe(200);

    const never = expect(call(path)).rejects.toThrow();
    await clock.asleep();
    await azure[Symbol.asyncDispose]();
    await never;
  });

  it("does not wait for a caller that never finishes its request", async () => {
    const azure = await start();
    const socket = connect({ host: "127.0.0.1", port: azure.arm.port });
    const closed = once(socket, "close");
    socket.on("error", () => {});
    socket.write("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    expect(String(await once(socket, "data"))).toContain("100 Continue"); // the server waits for the body now

    await azure[Symbol.asyncDispose]();
    await closed;
  });
});

it("refuses identities that the caller may not assign, all of them in one error, and takes them once it may", async () => {
  await using azure = await start();
  const vm = azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
  const [a, b, c] = ["a", "b", "c"].map((name) => azure.world.createIdentity({ resourceGroup: "ids", name }).id);
  const entries = Object.fromEntries([a, b, c].map((id) => [id, {}]));
  const body = { identity: { type: "UserAssigned", userAssignedIdentities: entries } };
  for (const id of [a, c]) azure.world.denyAssignment(id ?? "");

  const refused = await azure.call(vmPath, { method: "PATCH", body });
  expect([refused.status, refused.json.error.code]).toEqual([403, "LinkedAuthorizationFailed"]);
  expect(refused.json.error.message).toContain(`The client 'client' with object id 'principal'`);
  expect(refused.json.error.message).toContain(`on the linked scope(s) '${a},${c}' `);
  expect(azure.world.identitiesOn(vm.id)).toEqual([]);

  for (const id of [a, c]) azure.world.denyAssignment((id ?? "").toUpperCase(), false);
  expect((await azure.call(vmPath, { method: "PATCH", body })).status).toBe(200);
});

it("says what is left of the limits on calls, and what a test makes it say", async () => {
  await using azure = await start();
  azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
  const reads = "x-ms-ratelimit-remaining-subscription-reads";
  expect((await azure.call(vmPath)).headers.get(reads)).toBe("249");
  const failure = { status: 429, code: "TooManyRequests", message: "wait", headers: { [reads]: "0" } };
  azure.world.traffic.failNext("arm.virtualMachines.get", failure);
  const { status, headers } = await azure.call(vmPath);
  expect([status, headers.get(reads)]).toEqual([429, "0"]);
});
