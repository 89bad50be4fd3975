import { describe, expect, it } from "vitest";
import { imdsFault, readMoment, readTokenAnswer } from "./imds-answer.ts";

const noon = Date.UTC(2026, 2, 9, 12, 5, 6) / 1000;
const asked = { resource: "https://vault.azure.net", clientId: "asked", nowMs: noon * 1000 };
const whole = { access_token: "very secret", expires_on: noon + 3600 };
const body = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("readMoment", () => {
  it.each([
    { text: 1700000000, then: 1700000000 },
    { text: "1700000000", then: 1700000000 },
    { text: "1700000000.7", then: 1700000000 },
    { text: "3/9/2026 12:05:06 +00:00", then: noon },
    { text: "03/09/2026 12:05:06 PM +00:00", then: noon },
    { text: "3/9/2026 12:05:06 AM +00:00", then: noon - 12 * 3600 },
    { text: "3/9/2026 1:05:06 PM +00:00", then: noon + 3600 },
    { text: "2026-03-09T12:05:06Z", then: undefined },
    { text: "3/9/2026 12:05:06 +02:00", then: undefined },
    { text: "", then: undefined },
    { text: -5, then: undefined },
    { text: "9".repeat(400), then: undefined },
    { text: Number.MAX_SAFE_INTEGER, then: undefined },
  ])("$text", ({ text, then }) => {
    expect(readMoment(text)).toBe(then);
  });
});

describe("readTokenAnswer", () => {
  it("takes what is there and fills in what is not", () => {
    const token = readTokenAnswer(body({ access_token: "t", expires_on: noon + 300, token_type: "" }), asked);
    expect(token.accessToken.reveal()).toBe("t");
    expect(token).toMatchObject({
      expiresOn: noon + 300,
      notBefore: noon,
      resource: asked.resource,
      tokenType: "Bearer",
      clientId: "asked",
    });
  });

  it.each([
    { when: "an expired token", answer: { access_token: "very secret", expires_on: noon - 1 }, path: "expires_on" },
    { when: "a token about to expire", answer: { access_token: "secret", expires_on: noon + 299 }, path: "expires_on" },
    { when: "another identity's", answer: { ...whole, client_id: "another" }, path: "client_id" },
    { when: "no JSON", answer: "<html>", path: "body" },
    { when: "no token", answer: { expires_on: 5 }, path: "access_token" },
    { when: "an empty token", answer: { access_token: "", expires_on: 5 }, path: "access_token" },
    { when: "no expiry", answer: { access_token: "very secret" }, path: "expires_on" },
    { when: "an unreadable expiry", answer: { access_token: "very secret", expires_on: "soon" }, path: "expires_on" },
  ])("refuses $when without printing the token", ({ answer, path }) => {
    let message = "";
    try {
      readTokenAnswer(body(answer), asked);
    } catch (reason) {
      expect(reason).toMatchObject({ code: "IMDS_ERROR" });
      message = String(reason);
    }
    expect(message).toContain(path);
    expect(message).not.toContain("secret");
  });
});

it.each([
  { when: "in another case", answered: "ASKED", askedFor: "asked", then: "ASKED" },
  { when: "asked for by resource ID", answered: "found", askedFor: "", then: "found" },
])("readTokenAnswer takes a client ID $when", ({ answered, askedFor, then }) => {
  const token = readTokenAnswer(body({ ...whole, client_id: answered }), { ...asked, clientId: askedFor });
  expect(token.clientId).toBe(then);
});

describe("imdsFault", () => {
  const notFound = { error: "invalid_request", error_description: "Identity not found" };
  it.each([
    { status: 400, answer: notFound, code: "IMDS_IDENTITY_UNKNOWN" },
    { status: 400, answer: notFound, just: true, code: "IMDS_IDENTITY_PENDING" },
    { status: 400, answer: { error: "invalid_resource" }, code: "IMDS_REFUSED" },
    { status: 401, code: "IMDS_REFUSED" },
    { status: 403, code: "IMDS_REFUSED" },
    { status: 404, code: "IMDS_ERROR" },
    { status: 410, code: "IMDS_ERROR" },
    { status: 302, code: "IMDS_ERROR" },
    { status: 500, answer: "<html>", code: "IMDS_ERROR" },
    { status: 503, code: "IMDS_ERROR" },
    { status: 429, headers: { "retry-after": "7" }, code: "IMDS_THROTTLED", retryAfterMs: 7000 },
  ])("$status is $code", ({ status, answer = {}, headers = {}, just = false, code, retryAfterMs }) => {
    const fault = imdsFault({ status, headers, body: body(answer) }, just);
    expect(fault).toMatchObject({ code, retryAfterMs });
  });

  it("carries IMDS's words in one safe line", () => {
    const answer = {
      error: "invalid_request",
      error_description: `Identity not found\r\nI0101\u0007 forged ${"x".repeat(999)}`,
    };
    const { message } = imdsFault({ status: 400, headers: {}, body: body(answer) }, false);
    expect(message).toContain("Identity not found I0101\\u0007 forged");
    expect(message.length).toBeLessThan(400);
  });
});
