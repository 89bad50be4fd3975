import { describe, expect, it } from "vitest";
import { identityId } from "../../test/support/make.ts";
import { armFault, retryAfterMs } from "./arm-fault.ts";

const vm = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-0";
const [one, two] = [identityId("one"), identityId("t.w(o").replace("(", "")];

const machineUrl = `https://management.azure.com${vm}?api-version=2025-01-01`;
const pollUrl =
  "https://management.azure.com/subscriptions/sub/providers/Microsoft.Compute/locations/west/operations/1?api-version=2025-01-01";

function rest(statusCode: number | undefined, code: string, message = "it said so", url = machineUrl) {
  return Object.assign(new Error(message), { name: "RestError", statusCode, code, request: { url } });
}

describe("armFault", () => {
  it.each([
    { from: rest(401, "InvalidAuthenticationToken"), code: "ARM_CREDENTIAL", says: /check how azure\.json/ },
    {
      from: rest(403, "AuthorizationFailed"),
      code: "ARM_FORBIDDEN",
      says: /VM vm-0 of resource group rg: grant it the role Virtual Machine Contributor/,
    },
    { from: rest(404, "ResourceNotFound"), code: "ARM_NOT_FOUND", says: /VM vm-0 of resource group rg does not exist/ },
    { from: rest(404, "NotFound", "no operation", pollUrl), code: "ARM_ERROR", says: /MIC tries again: no operation$/ },
    { from: rest(404, "SubscriptionNotFound"), code: "ARM_ERROR", says: /it said so/ },
    { from: rest(409, "OperationPreempted"), code: "ARM_ERROR", says: /MIC tries again/ },
    { from: rest(429, "TooManyRequests"), code: "ARM_THROTTLED", says: /later/ },
    { from: rest(undefined, "ECONNREFUSED"), code: "ARM_UNREACHABLE", says: /does not answer \(ECONNREFUSED\)/ },
    {
      from: Object.assign(new Error("AADSTS7000215: no"), { name: "AuthenticationError" }),
      code: "ARM_CREDENTIAL",
      says: /Entra ID gives MIC no token: AADSTS7000215/,
    },
    { from: new Error("The long-running operation has failed. Oops. it broke"), code: "ARM_ERROR", says: /it broke$/ },
    { from: "odd", code: "ARM_ERROR", says: /odd/ },
  ])("translates $from.name $from.code to $code", ({ from, code, says }) => {
    const fault = armFault(from, vm);
    expect(fault).toMatchObject({ code, facts: { machine: vm }, cause: from });
    expect(fault.message).toMatch(says);
  });

  it("names every identity that Azure names, whatever is in their names", () => {
    const message = `The client has permission, however not on the linked scope(s) '${one},${two}' or the linked scope(s) are invalid.`;
    const fault = armFault(rest(403, "LinkedAuthorizationFailed", message), vm);
    expect(fault).toMatchObject({ code: "ARM_IDENTITY_REFUSED", facts: { identities: `${one},${two}` } });
    expect(fault.message).toContain(`Managed Identity Operator on ${one},${two}`);
  });

  it("names the identity of an operation that failed on the way", () => {
    const message = `The long-running operation has failed. FailedIdentityOperation. Resource '${one}' was not found.`;
    expect(armFault(new Error(message), vm)).toMatchObject({
      code: "ARM_IDENTITY_REFUSED",
      facts: { identities: one },
    });
  });

  it.each([
    { header: "180", ms: 180_000 },
    { header: "Thu, 01 Jan 2026 00:03:00 GMT", ms: 180_000 },
    { header: "Wed, 31 Dec 2025 00:00:00 GMT", ms: undefined },
    { header: "soon", ms: undefined },
    { header: undefined, ms: undefined },
  ])("reads Retry-After $header", ({ header, ms }) => {
    expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(ms);
  });
});
