import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { accessToken } from "../sandbox/azure/access-token.ts";
import { startArm } from "../sandbox/azure/arm.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import { type Authority, createAuthority, type ServerCertificate } from "../sandbox/certificates.ts";
import { Identities } from "./identities.ts";

let authority: Authority;
let tls: ServerCertificate;
beforeAll(async () => {
  authority = await createAuthority();
  tls = await authority.serverCertificate();
});
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const never = new AbortController().signal;
const ID = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.managedidentity/userassignedidentities/a";

function identitiesAt(resourceManager: string, token = "t"): Identities {
  const cloud = { resourceManager, activeDirectory: resourceManager };
  const answer = { token, expiresOnTimestamp: Date.now() + 3_600_000 };
  const credential = async () => ({ getToken: async () => answer });
  return new Identities({ access: () => ({ cloud, credential }), userAgent: "test", ca: authority.caPem });
}

/** A Resource Manager that gives the same answer to everybody, and what it was asked. */
async function scripted(status: number, body: string) {
  const asked: unknown[] = [];
  const server = createServer(tls, ({ url, headers }, response) => {
    asked.push([url, headers.authorization, headers["user-agent"]]);
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe("Identities", () => {
  it("give the client ID that an identity has now", async () => {
    await using arm = await scripted(200, JSON.stringify({ properties: { clientId: "client" } }));
    expect(await identitiesAt(arm.url).clientId(ID, never)).toBe("client");
    expect(arm.asked).toEqual([[`${ID}?api-version=2018-11-30`, "Bearer t", "test"]]);
  });

  it.each([
    { status: 403, code: "ARM_FORBIDDEN" },
    { status: 404, code: "ARM_NOT_FOUND" },
    { status: 401, code: "ARM_ERROR" },
    { status: 500, code: "ARM_ERROR" },
  ])("say that Azure does not show an identity by status $status", async ({ status, code }) => {
    await using arm = await scripted(status, "{}");
    await expect(identitiesAt(arm.url).clientId(ID, never)).rejects.toMatchObject({ code });
  });

  it.each([
    { status: 400, code: "InvalidApiVersionParameter" },
    { status: 404, code: "InvalidResourceType" },
  ])("take no identity for gone where a cloud does not know the api-version, $code", async ({ status, code }) => {
    const error = { code, message: "The api-version '2018-11-30' is invalid." };
    await using arm = await scripted(status, JSON.stringify({ error }));
    await expect(identitiesAt(arm.url).clientId(ID, never)).rejects.toMatchObject({
      code: "ARM_ERROR",
      message: `Azure does not show MIC the identity ${ID}: status ${status} (${code})`,
    });
  });

  it.each(["", "no JSON", "{}", '{"properties":{"clientId":1}}'])("take '%s' for no answer", async (body) => {
    await using arm = await scripted(200, body);
    expect(await identitiesAt(arm.url).clientId(ID, never)).toBe("");
  });

  it("say that nobody answers, and end with the signal", async () => {
    await expect(identitiesAt("https://127.0.0.1:1").clientId(ID, never)).rejects.toMatchObject({
      code: expect.stringMatching(/^ARM_/),
    });
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(identitiesAt("https://127.0.0.1:1").clientId(ID, stopped)).rejects.toThrow("enough");
  });

  it("read what the emulator has, which checks the token", async () => {
    const world = await createWorld();
    await using arm = await startArm({ world, tls });
    const { id, clientId } = world.createIdentity({ resourceGroup: "rg", name: "a" });
    const { token } = accessToken(world, { ...world.createServicePrincipal(), audience: arm.url, lifetimeSeconds: 60 });
    expect(await identitiesAt(arm.url, token).clientId(id, never)).toBe(clientId);
    await expect(identitiesAt(arm.url).clientId(id, never)).rejects.toMatchObject({ code: "ARM_ERROR" });
  });
});
