import { describe, expect, it } from "vitest";
import { sandboxArm, VERSION, vmPath } from "../../../test/support/azure/sandbox-arm.ts";

const setPath = vmPath.replace("virtualMachines/vm-0", "virtualMachineScaleSets/pool");
const location = "westeurope";

async function start(options: { readonly operationMs?: number } = {}) {
  const azure = await sandboxArm(options);
  const { world } = azure;
  world.createResourceGroup("nodes");
  const [a = "", b = ""] = ["a", "b"].map((name) => world.createIdentity({ resourceGroup: "ids", name }).id);
  const put = (path: string, body: unknown) => azure.call(path, { method: "PUT", body });
  const on = (...ids: string[]) => ({
    type: "UserAssigned",
    userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
  });
  return { ...azure, a, b, put, on, [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose]() };
}

describe("PUT of a machine", () => {
  it("creates it, with what it is made of but for its passwords", async () => {
    await using azure = await start();
    const properties = {
      hardwareProfile: { vmSize: "Standard_B1s" },
      osProfile: { computerName: "me", adminPassword: "hidden" },
    };
    const body = { location, tags: { team: "blue" }, identity: azure.on(azure.a), properties };
    const made = await azure.put(vmPath, body);

    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ name: "vm-0", tags: { team: "blue" }, identity: { type: "UserAssigned" } });
    expect(made.json.properties).toMatchObject({
      hardwareProfile: { vmSize: "Standard_B1s" },
      osProfile: { computerName: "me" },
      vmId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(made.json)).not.toContain("hidden");
    expect((await azure.call(vmPath)).json).toEqual(made.json);
    expect((await azure.put(vmPath, made.json)).status).toBe(200);
  });

  it("replaces its identities by those that are named, and leaves them when none are", async () => {
    await using azure = await start();
    const { id } = azure.world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [azure.a] });

    await azure.put(vmPath, { location });
    expect(azure.world.identitiesOn(id)).toEqual([azure.a]);
    await azure.put(vmPath, { location, identity: azure.on(azure.b) });
    expect(azure.world.identitiesOn(id)).toEqual([azure.b]);
    await azure.put(vmPath, { location, identity: { type: "None" } });
    expect(azure.world.identitiesOn(id)).toEqual([]);
  });

  it("creates nothing when an identity does not exist or may not be assigned", async () => {
    await using azure = await start();
    azure.world.denyAssignment(azure.b);
    const codeOf = async (id: string) =>
      (await azure.put(vmPath, { location, identity: azure.on(id) })).json.error.code;

    expect(await codeOf(`${azure.a}x`)).toBe("FailedIdentityOperation");
    expect(await codeOf(azure.b)).toBe("LinkedAuthorizationFailed");
    expect((await azure.call(vmPath)).status).toBe(404);
  });

  it.each([
    { body: {}, status: 400, code: "LocationRequired" },
    { body: { location: "northeurope" }, status: 409, code: "InvalidResourceLocation" },
    { body: { location, tags: { a: 1 } }, status: 400, code: "InvalidRequestContent" },
    { body: { location, properties: 1 }, status: 400, code: "InvalidRequestContent" },
    { body: { location, sku: { capacity: 1 } }, status: 501, code: "NotImplemented" },
  ])("is $code with the body $body", async ({ body, status, code }) => {
    await using azure = await start();
    const answer = await azure.put(vmPath, body);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(azure.world.machines("virtualMachines")).toEqual([]);
  });
});

describe("a scale set", () => {
  it("grows and shrinks; its youngest instances leave, and numbers do not come again", async () => {
    await using azure = await start();
    const resize = (capacity: number) => azure.call(setPath, { method: "PATCH", body: { sku: { capacity } } });
    const numbers = async () => {
      const { json } = await azure.call(setPath.replace("?", "/virtualMachines?"));
      return json.value.map(({ instanceId }: { instanceId: string }) => instanceId);
    };

    await azure.put(setPath, { location, sku: { name: "Standard_D2s_v5", capacity: 2 } });
    expect(await numbers()).toEqual(["0", "1"]);
    expect((await resize(3)).json.sku.capacity).toBe(3);
    await resize(1);
    expect(await numbers()).toEqual(["0"]);
    const gone = await azure.call(setPath.replace("?", "/virtualMachines/2?"));
    expect([gone.status, gone.json.error.code]).toEqual([404, "ResourceNotFound"]);
    await resize(2);
    expect(await numbers()).toEqual(["0", "3"]);
    for (const capacity of [-1, 1.5, 1001, "2"]) {
      expect((await resize(capacity as number)).json.error.code).toBe("InvalidRequestContent");
    }
  });
});

it("PATCH changes tags at once, and keeps the identities", async () => {
  await using azure = await start({ operationMs: 1_000 });
  const { id } = azure.world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [azure.a] });
  const { headers, json } = await azure.call(vmPath, { method: "PATCH", body: { tags: { team: "red" } } });
  expect([headers.get("azure-asyncoperation"), json.tags]).toEqual([null, { team: "red" }]);
  expect(azure.world.identitiesOn(id)).toEqual([azure.a]);
});

it("DELETE is a long operation that can be followed in either way, and nothing when there is nothing", async () => {
  await using azure = await start({ operationMs: 2_000 });
  azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
  const { status, headers } = await azure.call(vmPath, { method: "DELETE" });
  expect(status).toBe(202);
  azure.clock.advance(2_000);
  expect((await azure.call(headers.get("azure-asyncoperation") ?? "")).json).toMatchObject({ status: "Succeeded" });
  expect((await azure.call(headers.get("location") ?? "")).status).toBe(204);
  expect((await azure.call(vmPath, { method: "DELETE" })).status).toBe(204);
});

it("lists the machines of a whole subscription", async () => {
  await using azure = await start();
  for (const resourceGroup of ["nodes", "others"]) azure.world.createVm({ resourceGroup, name: resourceGroup });
  const { json } = await azure.call(`/subscriptions/sub/providers/Microsoft.Compute/virtualMachines?${VERSION}`);
  expect(json.value.map(({ name }: { name: string }) => name)).toEqual(["nodes", "others"]);
});
