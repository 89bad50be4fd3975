import { describe, expect, it } from "vitest";
import { sandboxArm, VERSION, vmPath } from "../../../test/support/azure/sandbox-arm.ts";

describe("a change of a machine", () => {
  it.each(["not json", '"text"', ""])("is refused when its body is %j", async (body) => {
    await using azure = await sandboxArm();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const { status, json } = await azure.call(vmPath, { method: "PATCH", body });
    expect([status, json.error.code]).toEqual([400, "InvalidRequestContent"]);
  });

  it("is refused when it is about what the emulator does not know", async () => {
    await using azure = await sandboxArm();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const { status, json } = await azure.call(vmPath, { method: "PATCH", body: { zones: [], plan: {} } });
    expect([status, json.error.message]).toEqual([501, expect.stringContaining("leave 'zones', 'plan' out")]);
  });

  it("runs as a long operation that can be followed in either way", async () => {
    await using azure = await sandboxArm({ operationMs: 2_500 });
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
    await using azure = await sandboxArm({ operationMs: 1_000 });
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
it("refuses identities that the caller may not assign, all of them in one error, and takes them once it may", async () => {
  await using azure = await sandboxArm();
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

describe("etags", () => {
  const path = vmPath.replace(VERSION, "api-version=2024-03-01");
  const body = { identity: { type: "SystemAssigned" } };

  it("change with the machine, and keep a change from one that its sender has not seen as it is", async () => {
    await using azure = await sandboxArm();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { json, headers } = await azure.call(path);
    expect([json.etag, headers.get("etag")]).toEqual(['"1"', '"1"']);

    const change = (etag: string) => azure.call(path, { method: "PATCH", body, headers: { "if-match": etag } });
    expect((await change('"1"')).json).toMatchObject({ etag: '"2"', identity: { type: "SystemAssigned" } });
    const error = {
      code: "PreconditionFailed",
      message: 'Etag provided in if-match header "1" does not match etag "2" of resource.',
    };
    expect(await change('"1"')).toMatchObject({ status: 412, json: { error } });
    expect((await change("*")).json.etag).toBe('"3"');
    const list = await azure.call(path.replace("/vm-0", ""));
    expect(list.json.value).toMatchObject([{ etag: '"3"' }]);
  });

  it("are unknown to older versions of the API", async () => {
    await using azure = await sandboxArm();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    expect((await azure.call(vmPath)).json.etag).toBeUndefined();
    const { status, headers } = await azure.call(vmPath, { method: "PATCH", body, headers: { "if-match": '"9"' } });
    expect([status, headers.get("etag")]).toEqual([200, null]);
  });
});
