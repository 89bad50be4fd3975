import { describe, expect, it } from "vitest";
import { Fault, type FaultCode, faults } from "../../base/fault.ts";
import { answers } from "./answers.ts";
import { errorAnswer } from "./error-answer.ts";

const plain = { setRetryAfterHeader: false };
const codes = Object.keys(faults) as FaultCode[];

describe("errorAnswer", () => {
  it.each(codes)("%s is answered in JSON with a status that SDKs understand", (code) => {
    const { status, headers, body } = errorAnswer(new Fault(code, "network is Unreachable"), plain);
    const { error, error_description } = JSON.parse(String(body)) as Record<string, string>;
    expect([400, 403, 404, 405, 429, 499, 500, 503]).toContain(status);
    expect(headers["Content-Type"]).toBe("application/json; charset=utf-8");
    expect(error).toMatch(/^[a-z_]+$/);
    expect(error_description).not.toMatch(/unreachable/i);
    expect("Retry-After" in headers).toBe(status === 429 || status === 503);
  });

  it("has a row for every fault of a request", () => {
    const ofRequests = codes.filter((code) =>
      /^(CALLER|IDENTITY|IMDS|METADATA|REQUEST|METHOD|PATH)_|^RESOURCE_MISSING$/.test(code),
    );
    expect(ofRequests.filter((code) => !(code in answers))).toEqual([]);
  });

  it("says what the original said of a missing header", () => {
    const { status, body } = errorAnswer(
      new Fault("METADATA_HEADER_MISSING", "Required metadata header not specified"),
      plain,
    );
    expect(status).toBe(400);
    expect(body).toBe('{"error":"invalid_request","error_description":"Required metadata header not specified"}\n');
  });

  it.each([
    { askedMs: undefined, then: "5" },
    { askedMs: 7_500, then: "8" },
    { askedMs: 0, then: "1" },
    { askedMs: 90_000, then: "20" },
  ])("passes on that IMDS asked for $askedMs ms as $then s", ({ askedMs, then }) => {
    const fault = new Fault("IMDS_THROTTLED", "slow down", { retryAfterMs: askedMs });
    expect(errorAnswer(fault, plain)).toMatchObject({ status: 429, headers: { "Retry-After": then } });
  });

  it("answers 503 and 20 s instead of 404 when the flag says so", () => {
    const fault = new Fault("IDENTITY_NOT_ASSIGNED", "not yet");
    expect(errorAnswer(fault, plain).status).toBe(404);
    expect(errorAnswer(fault, { setRetryAfterHeader: true })).toMatchObject({
      status: 503,
      headers: { "Retry-After": "20" },
    });
    expect(errorAnswer(new Fault("IDENTITY_NOT_BOUND", "none"), { setRetryAfterHeader: true }).status).toBe(404);
  });

  it("keeps what went wrong inside to itself", () => {
    expect(String(errorAnswer(Fault.from(new TypeError("secret of ours")), plain).body)).not.toContain("secret");
  });
});
