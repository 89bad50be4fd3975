import { describe, expect, it } from "vitest";
import { sandboxArm, vmPath } from "../../../test/support/azure/sandbox-arm.ts";
import { accessToken } from "./access-token.ts";
import { roleDefinitions } from "./roles.ts";

const API = "api-version=2022-04-01";
const OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830";
const VM_CONTRIBUTOR = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const [first, second] = ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"];
const GROUP = "/subscriptions/sub/resourceGroups/nodes";

async function start() {
  const azure = await sandboxArm();
  const { world, call } = azure;
  const { id } = world.createIdentity({ resourceGroup: "ids", name: "demo" });
  world.createVm({ resourceGroup: "nodes", name: "vm-0" });
  const { principalId, ...mic } = world.createServicePrincipal();
  const path = (scope: string, name: string | undefined = "") =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments${name && `/${name}`}?${API}`;
  const assign = (scope: string, role: string, name = first, to = principalId) => {
    const roleDefinitionId = `/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    return call(path(scope, name), { method: "PUT", body: { properties: { roleDefinitionId, principalId: to } } });
  };
  const audience = "https://management.azure.com/";
  const { token } = accessToken(world, { ...mic, principalId, audience, lifetimeSeconds: 3600 });
  return { ...azure, id, principalId, token, path, assign, [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose]() };
}

describe("role assignments", () => {
  it("are made, shown, listed and taken back", async () => {
    await using azure = await start();
    const { principalId, call, path } = azure;
    const made = await azure.assign(GROUP, OPERATOR);
    expect(made).toMatchObject({
      status: 201,
      json: {
        id: `${GROUP}/providers/Microsoft.Authorization/roleAssignments/${first}`,
        properties: { principalId, scope: GROUP, roleDefinitionId: expect.stringContaining(OPERATOR) },
      },
    });
    expect((await azure.assign(GROUP, OPERATOR)).status).toBe(200);
    expect((await call(path(GROUP, first))).json).toEqual(made.json);
    const filter = (id: string) => `&$filter=${encodeURIComponent(`principalId eq '${id}'`)}`;
    expect((await call(path("/subscriptions/sub") + filter(principalId))).json.value).toEqual([made.json]);
    expect((await call(path("/subscriptions/sub") + filter(first))).json.value).toEqual([]);

    expect((await call(path(GROUP, first), { method: "DELETE" })).status).toBe(200);
    expect((await call(path(GROUP, first), { method: "DELETE" })).status).toBe(204);
    expect((await call(path(GROUP, first))).json.error.code).toBe("RoleAssignmentNotFound");
  });

  it("are refused in Azure's words", async () => {
    await using azure = await start();
    const codeOf = async (answer: Promise<{ readonly json: { readonly error: { readonly code: string } } }>) =>
      (await answer).json.error.code;
    await azure.assign(GROUP, OPERATOR);

    expect(await codeOf(azure.assign(GROUP, OPERATOR, second))).toBe("RoleAssignmentExists");
    expect(await codeOf(azure.assign(GROUP, OWNER))).toBe("RoleAssignmentUpdateNotPermitted");
    expect(await codeOf(azure.assign(GROUP, second, second))).toBe("RoleDefinitionDoesNotExist");
    expect(await codeOf(azure.assign(GROUP, OPERATOR, second, first))).toBe("PrincipalNotFound");
    expect(await codeOf(azure.assign(GROUP, OPERATOR, "no-guid"))).toBe("InvalidRoleAssignmentId");
    const odd = `${azure.path(GROUP)}&$filter=${encodeURIComponent("name eq 'x'")}`;
    expect(await codeOf(azure.call(odd))).toBe("UnsupportedQuery");
  });

  it("name roles that can be found by their names", async () => {
    await using azure = await start();
    const roles = `/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions`;
    const filter = encodeURIComponent("roleName eq 'Managed Identity Operator'");
    const { json } = await azure.call(`${roles}?${API}&$filter=${filter}`);
    expect(json.value).toMatchObject([{ name: OPERATOR, properties: { roleName: "Managed Identity Operator" } }]);
    expect((await azure.call(`${roles}/${OPERATOR}?${API}`)).json).toEqual(json.value[0]);
  });
});

describe("where roles are enforced", () => {
  it("nobody reads or changes a machine, nor puts an identity on it, without a role that allows it", async () => {
    await using azure = await start();
    const { world, token, call, id } = azure;
    const body = { identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } } };
    const change = () => call(vmPath, { method: "PATCH", body, token });
    expect((await call(vmPath, { token })).status).toBe(200);
    const grant = (scope: string, roleId: string, name = first) =>
      world.roles.assign({ name, scope, roleId, principalId: azure.principalId });

    world.roles.isEnforced = true;
    const refused = await call(vmPath, { token });
    expect([refused.status, refused.json.error.code]).toEqual([403, "AuthorizationFailed"]);
    expect(refused.json.error.message).toContain(
      `does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read' over scope '${GROUP}/`,
    );

    grant(GROUP, VM_CONTRIBUTOR);
    expect((await call(vmPath, { token })).status).toBe(200);
    expect((await change()).json.error.code).toBe("LinkedAuthorizationFailed");
    grant(`${id}x`, OPERATOR, second);
    expect((await change()).json.error.code).toBe("LinkedAuthorizationFailed");
    grant(id.toLowerCase(), OPERATOR, second);
    expect((await change()).status).toBe(200);
    expect((await azure.assign(GROUP, OWNER)).json.error.code).toBe("AuthorizationFailed");
  });

  it.each([
    { role: "Owner", action: "Microsoft.Authorization/roleAssignments/write", then: true },
    { role: "Contributor", action: "Microsoft.Authorization/roleAssignments/write", then: false },
    { role: "Contributor", action: "Microsoft.Compute/virtualMachines/write", then: true },
    { role: "Reader", action: "Microsoft.Compute/virtualMachines/read", then: true },
    { role: "Reader", action: "Microsoft.Compute/virtualMachines/write", then: false },
    { role: "Managed Identity Operator", action: "Microsoft.ManagedIdentity/userAssignedIdentities/read", then: true },
    {
      role: "Managed Identity Operator",
      action: "Microsoft.ManagedIdentity/userAssignedIdentities/write",
      then: false,
    },
    {
      role: "Managed Identity Contributor",
      action: "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      then: false,
    },
  ])("$role allows $action: $then", async ({ role, action, then }) => {
    await using azure = await start();
    const { roles } = azure.world;
    roles.isEnforced = true;
    const roleId = roleDefinitions.find(({ name }) => name === role)?.id ?? "";
    roles.assign({ name: first, scope: "/subscriptions/SUB", roleId, principalId: "p" });
    expect([roles.allows("p", action, GROUP), roles.allows("q", action, GROUP)]).toEqual([then, false]);
    expect(roles.allows("p", action, "/subscriptions/sub2")).toBe(false);
  });
});
