import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { accessToken, type Grant } from "./access-token.ts";
import { checkBearer } from "./arm-bearer.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld, type World } from "./world.ts";

const key = await SigningKey.generate();
const origin = "https://127.0.0.1:8443";
const world = await createWorld({ key, tenant: "tenant", clock: new FakeClock(Date.UTC(2026, 0, 1, 23, 31)) });

function check(authorization: string | undefined): void {
  const headers = authorization === undefined ? {} : { authorization };
  checkBearer(world, { method: "GET", origin, path: "/", query: new URLSearchParams(), headers, body: "" });
}

function tokenFor(over: Partial<Grant> = {}, of: World = world): string {
  const principal = { tenant: "tenant", clientId: "client", principalId: "principal" };
  const audience = "https://management.azure.com/";
  return accessToken(of, { ...principal, audience, lifetimeSeconds: 3600, ...over }).token;
}

describe("checkBearer", () => {
  it.each([
    "https://management.azure.com/",
    "https://management.azure.com",
    "https://management.core.windows.net/",
    origin,
    `${origin}/`,
  ])("takes a token for %s", (audience) => {
    expect(() => check(`Bearer ${tokenFor({ audience })}`)).not.toThrow();
  });

  it.each([
    { when: "is missing", header: undefined, code: "AuthenticationFailed" },
    { when: "is of another scheme", header: `Basic ${tokenFor()}`, code: "InvalidAuthenticationToken" },
    { when: "is made up", header: "Bearer made-up", code: "InvalidAuthenticationToken" },
    {
      when: "is for another resource",
      header: `Bearer ${tokenFor({ audience: "https://vault.azure.net" })}`,
      code: "InvalidAuthenticationTokenAudience",
    },
    {
      when: "is of another tenant",
      header: `Bearer ${tokenFor({ tenant: "other" })}`,
      code: "InvalidAuthenticationTokenTenant",
    },
    { when: "ends now", header: `Bearer ${tokenFor({ lifetimeSeconds: 0 })}`, code: "ExpiredAuthenticationToken" },
  ])("refuses a token that $when", ({ header, code }) => {
    const refusal = expect.objectContaining({
      status: 401,
      code,
      headers: { "www-authenticate": expect.stringContaining(`authorization_uri="https://login.windows.net/tenant"`) },
    });
    expect(() => check(header)).toThrow(refusal);
  });

  it("refuses a token that somebody else signed, or changed", async () => {
    const [header, payload, signature] = tokenFor().split(".");
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
    const changed = Buffer.from(JSON.stringify({ ...claims, oid: "somebody else" })).toString("base64url");
    const foreign = tokenFor({}, await createWorld({ tenant: "tenant" }));

    for (const token of [foreign, `${header}.${changed}.${signature}`, `${header}.${payload}.`]) {
      expect(() => check(`Bearer ${token}`)).toThrow("The access token is invalid.");
    }
  });

  it("tells the times of an expired token as Azure writes them", () => {
    expect(() => check(`Bearer ${tokenFor({ lifetimeSeconds: -3600 })}`)).toThrow(
      "The access token expiry UTC time '1/1/2026 10:31:00 PM' is earlier than current UTC time '1/1/2026 11:31:00 PM'.",
    );
  });
});
