import { expect, it } from "vitest";
import { sandboxArm } from "../../../test/support/azure/sandbox-arm.ts";

const API = "api-version=2023-01-31";
const properties = {
  issuer: "https://oidc.test/cluster/",
  subject: "system:serviceaccount:shop:web",
  audiences: ["api://AzureADTokenExchange"],
};

async function start() {
  const azure = await sandboxArm();
  const identity = azure.world.createIdentity({ resourceGroup: "ids", name: "demo" });
  const call = (name: string, method = "GET", body?: unknown) =>
    azure.call(`${identity.id}/federatedIdentityCredentials${name && `/${name}`}?${API}`, { method, body });
  return { ...azure, identity, call, [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose]() };
}

it("federated credentials are created, shown, changed, listed and deleted", async () => {
  await using azure = await start();
  const { call, identity, world } = azure;
  const made = await call("web", "PUT", { properties });
  expect(made).toMatchObject({
    status: 201,
    json: { id: `${identity.id}/federatedIdentityCredentials/web`, name: "web", properties },
  });
  expect(world.federation.of(identity.principalId)).toEqual([{ name: "web", ...properties }]);
  expect((await call("WEB")).json).toEqual(made.json);
  expect((await call("")).json).toEqual({ value: [made.json] });
  expect((await call("web", "PUT", { properties: { ...properties, subject: "other" } })).status).toBe(200);

  expect((await call("web", "DELETE")).status).toBe(200);
  expect((await call("web", "DELETE")).status).toBe(204);
  expect((await call("web")).json.error.code).toBe("ResourceNotFound");
});

it.each([
  { body: {}, status: 400, code: "InvalidRequestContent" },
  { body: { properties: { ...properties, issuer: "nowhere" } }, status: 400, code: "InvalidRequestContent" },
  { body: { properties: { ...properties, audiences: [] } }, status: 400, code: "InvalidRequestContent" },
  { body: { properties }, status: 409, code: "Conflict" },
])("one is $code with the body $body", async ({ body, status, code }) => {
  await using azure = await start();
  await azure.call("first", "PUT", { properties });
  const answer = await azure.call("second", "PUT", body);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

it("an identity has twenty at most", async () => {
  await using azure = await start();
  const put = (n: number) => azure.call(`c${n}`, "PUT", { properties: { ...properties, subject: `s${n}` } });
  for (let n = 0; n < 20; n += 1) expect((await put(n)).status).toBe(201);
  expect((await put(20)).status).toBe(400);
  expect((await put(19)).status).toBe(200);
});

it("an identity that does not exist has none", async () => {
  await using azure = await start();
  azure.world.deleteIdentity(azure.identity.id);
  expect((await azure.call("web", "PUT", { properties })).json.error.code).toBe("ResourceNotFound");
});
