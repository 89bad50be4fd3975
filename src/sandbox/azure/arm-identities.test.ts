import { describe, expect, it } from "vitest";
import { sandboxArm, vmPath } from "../../../test/support/azure/sandbox-arm.ts";

describe("user-assigned identities", () => {
  const path = `/subscriptions/sub/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo?api-version=2023-01-31`;

  it("are created, shown, listed and deleted", async () => {
    await using azure = await sandboxArm();
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
    await using azure = await sandboxArm();
    azure.world.createResourceGroup("identities");
    const { status, json } = await azure.call(path, { method: "PUT", body });
    expect([status, json.error.code]).toEqual([400, code]);
  });

  it("stay on a machine after they are deleted, until they are taken off", async () => {
    await using azure = await sandboxArm();
    const { world, call } = azure;
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [id] });

    await call(path, { method: "DELETE" });
    expect((await call(vmPath)).json.identity.userAssignedIdentities).toHaveProperty([id]);
    await call(vmPath, { method: "PATCH", body: { identity: { type: "None" } } });
    expect((await call(vmPath)).json.identity).toBeUndefined();
  });
});
