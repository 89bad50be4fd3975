import { describe, expect, it } from "vitest";
import { entraFault, readEntraToken } from "./entra-answer.ts";

const nowMs = 1_700_000_000_000;
const asked = { resource: "https://vault.azure.net", clientId: "c", nowMs };
const read = (body: unknown) =>
  readEntraToken(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), asked);
const good = { access_token: "a.b.c", expires_on: "1700003599", not_before: "1699999700", token_type: "Bearer" };

describe("readEntraToken", () => {
  it("takes the times as Entra ID writes them", () => {
    expect(read(good)).toMatchObject({
      expiresOn: 1_700_003_599,
      notBefore: 1_699_999_700,
      tokenType: "Bearer",
      ...{ resource: asked.resource, clientId: "c" },
    });
    expect(read({ ...good, expires_on: 1_700_003_599 }).expiresOn).toBe(1_700_003_599);
  });

  it("counts from now where only the life is told, as AD FS does", () => {
    expect(read({ access_token: "a", expires_in: 3600 })).toMatchObject({
      expiresOn: 1_700_003_600,
      notBefore: 1_700_000_000,
    });
  });

  it.each([
    { body: "<html>", says: /is no token: wrong / },
    { body: {}, says: /wrong access_token/ },
    { body: { ...good, access_token: "" }, says: /wrong access_token/ },
    { body: { access_token: "hush" }, says: /without an end/ },
    { body: { ...good, expires_on: "1700000299", access_token: "hush" }, says: /expires too soon/ },
  ])("refuses $body", ({ body, says }) => {
    const reading = () => read(body);
    expect(reading).toThrow(says);
    expect(reading).toThrow(expect.objectContaining({ code: "ENTRA_ERROR" }));
    expect(reading).not.toThrow(/hush/);
  });
});

describe("entraFault", () => {
  const fault = (status: number, body: object | string = "", headers = {}, confidential: readonly string[] = []) =>
    entraFault(
      { status, headers, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) },
      confidential,
    );

  it.each([
    { status: 400, code: "ENTRA_REFUSED" },
    { status: 401, code: "ENTRA_REFUSED" },
    { status: 404, code: "ENTRA_REFUSED" },
    { status: 302, code: "ENTRA_ERROR" },
    { status: 408, code: "ENTRA_ERROR" },
    { status: 410, code: "ENTRA_ERROR" },
    { status: 500, code: "ENTRA_ERROR" },
    { status: 503, code: "ENTRA_ERROR" },
    { status: 429, code: "ENTRA_THROTTLED" },
  ])("$status is $code", ({ status, code }) => {
    expect(fault(status, "<html>", { "retry-after": "7" })).toMatchObject({ code, retryAfterMs: 7000 });
  });

  it("says what Entra ID said, but not what it was sent in confidence", () => {
    const error_description = "AADSTS7000215: 'hush-secret' is wrong.\r\nTrace ID: 1";
    expect(fault(401, { error: "invalid_client", error_description }, {}, ["hush-secret"]).message).toBe(
      "Refresh request failed. Status Code = '401'. Response: invalid_client: AADSTS7000215: '[redacted]' is wrong. Trace ID: 1",
    );
  });
});
