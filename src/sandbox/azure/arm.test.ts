import { describe, expect, it } from "vitest";
import { sandboxArm, VERSION, vmPath } from "../../../test/support/azure/sandbox-arm.ts";

it("takes no request without a token that Entra ID gave", async () => {
  await using azure = await sandboxArm();
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
    await using azure = await sandboxArm();
    azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });

    const answer = await azure.call(path);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.headers.get("x-ms-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is found whatever the case of the path", async () => {
    await using azure = await sandboxArm();
    const vm = azure.world.createVm({ resourceGroup: "Nodes", name: "vm-0", systemAssigned: true });

    const { json } = await azure.call(vmPath.toUpperCase().replace(VERSION.toUpperCase(), VERSION));
    expect(json).toMatchObject({ id: vm.id, identity: { type: "SystemAssigned", tenantId: azure.world.tenant } });
  });
});
it("says what is left of the limits on calls, and what a test makes it say", async () => {
  await using azure = await sandboxArm();
  azure.world.createVm({ resourceGroup: "nodes", name: "vm-0" });
  const reads = "x-ms-ratelimit-remaining-subscription-reads";
  expect((await azure.call(vmPath)).headers.get(reads)).toBe("249");
  const failure = { status: 429, code: "TooManyRequests", message: "wait", headers: { [reads]: "0" } };
  azure.world.traffic.failNext("arm.virtualMachines.get", failure);
  const { status, headers } = await azure.call(vmPath);
  expect([status, headers.get(reads)]).toEqual([429, "0"]);
});
it("makes resource groups", async () => {
  await using azure = await sandboxArm();
  const path = `/subscriptions/sub/resourceGroups/fresh?${VERSION}`;
  const put = (body: unknown) => azure.call(path, { method: "PUT", body });
  expect((await put({})).json.error.code).toBe("LocationRequired");
  expect((await put({ location: "westeurope" })).status).toBe(201);
  expect((await put({ location: "westeurope" })).status).toBe(200);
  expect((await azure.call(path)).json.name).toBe("fresh");
});
