import { describe, expect, it } from "vitest";
import { armError, machineUrl, vm } from "../../test/support/azure/arm-error.ts";
import { identityId } from "../../test/support/make.ts";
import { resourceKey } from "../api/resource-id.ts";
import { armFault, retryAfterMs } from "./arm-fault.ts";
import { blame } from "./blame.ts";

const [one, two] = [identityId("one"), identityId("t.w(o").replace("(", "")];

const pollUrl =
  "https://management.azure.com/subscriptions/sub/providers/Microsoft.Compute/locations/west/operations/1?api-version=2025-01-01";

const otherAction =
  "The client 'app' with object id 'oid-1' has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '/vm'; however, it does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '/net/subnets/a' (respectively) or the linked scope(s) are invalid.";

const unregistered =
  "No registered resource provider found for location 'local' and API version '2025-04-01' for type 'virtualMachines'. The supported api-versions are '2020-06-01'.";

describe("armFault", () => {
  it.each([
    ...[
      armError(400, "NoRegisteredProviderFound", unregistered, machineUrl, "GET"),
      armError(400, "InvalidApiVersionParameter", "The api-version '2' is invalid.", machineUrl, "PATCH"),
      armError(404, "InvalidResourceType", unregistered, machineUrl, "PATCH"),
    ].map((from) => ({
      from,
      code: "ARM_VERSION_UNSUPPORTED",
      says: /^The cloud does not know the api-version with which MIC asks for VM vm-0 of resource group rg: set --arm-api-version to one that it knows \(.*api-version.*\)$/,
    })),
    { from: armError(401, "InvalidAuthenticationToken"), code: "ARM_CREDENTIAL", says: /check how azure\.json/ },
    {
      from: armError(403, "AuthorizationFailed"),
      code: "ARM_FORBIDDEN",
      says: /VM vm-0 of resource group rg: grant it the role with az .*"Virtual Machine Contributor".* --scope "\/subscriptions\/sub\/resourcegroups\/rg" \(/,
    },
    {
      from: armError(403, "RequestDisallowedByPolicy", "policy forbids it"),
      code: "ARM_FORBIDDEN",
      says: /does not let MIC change VM vm-0 of resource group rg \(RequestDisallowedByPolicy\): policy forbids it$/,
    },
    ...[400, 403, 404, 413, 422].map((status) => ({
      from: armError(status, "Odd", "it is odd", machineUrl, "PATCH"),
      code: "ARM_CHANGE_REFUSED",
      says: /^Azure refuses a change of VM vm-0 of resource group rg \(Odd\): it is odd$/,
    })),
    {
      from: armError(400, "Odd", "no", machineUrl, "GET"),
      code: "ARM_ERROR",
      says: /^Azure could not read VM vm-0 .*, MIC tries again: no$/,
    },
    { from: armError(400, "Odd", "no", pollUrl, "GET"), code: "ARM_ERROR", says: /^Azure could not change VM vm-0 / },
    {
      from: armError(403, "AuthorizationFailed", "no", machineUrl, "GET"),
      code: "ARM_FORBIDDEN",
      says: /^MIC may not read VM/,
    },
    {
      from: armError(403, "Denied", "no", machineUrl, "GET"),
      code: "ARM_FORBIDDEN",
      says: /^Azure does not let MIC read VM/,
    },
    {
      from: armError(429, "Many", "no", machineUrl, "GET"),
      code: "ARM_THROTTLED",
      says: /^Azure asked MIC to read VM vm-0/,
    },
    { from: armError(400, "Odd", "no", pollUrl, "PATCH"), code: "ARM_ERROR", says: /no$/ },
    { from: armError(409, "Odd", "no", machineUrl, "PATCH"), code: "ARM_ERROR", says: /no$/ },
    {
      from: armError(412, "PreconditionFailed", "etag", machineUrl, "PATCH"),
      code: "ARM_MACHINE_CHANGED",
      says: /^VM vm-0 of resource group rg was changed in Azure while MIC was about to change it: MIC looks again$/,
    },
    { from: armError(412, "PreconditionFailed", "no", pollUrl), code: "ARM_ERROR", says: /no$/ },
    { from: armError(404, "ResourceNotFound", "no", machineUrl, "PATCH"), code: "ARM_NOT_FOUND", says: /no$/ },
    {
      from: armError(403, "LinkedAuthorizationFailed", otherAction, machineUrl, "PATCH"),
      code: "ARM_FORBIDDEN",
      says: /^MIC lacks the right to Microsoft\.Network\/virtualNetworks\/subnets\/join\/action on \/net\/subnets\/a, without which Azure lets nobody change VM vm-0 of resource group rg: grant it a role with that action there$/,
    },
    {
      from: armError(404, "ResourceNotFound"),
      code: "ARM_NOT_FOUND",
      says: /VM vm-0 of resource group rg does not exist/,
    },
    {
      from: armError(404, "NotFound", "no operation", pollUrl),
      code: "ARM_ERROR",
      says: /MIC tries again: no operation$/,
    },
    { from: armError(404, "SubscriptionNotFound"), code: "ARM_ERROR", says: /it said so/ },
    { from: armError(409, "OperationPreempted"), code: "ARM_ERROR", says: /MIC tries again/ },
    { from: armError(429, "TooManyRequests"), code: "ARM_THROTTLED", says: /later/ },
    { from: armError(undefined, "ECONNREFUSED"), code: "ARM_UNREACHABLE", says: /does not answer \(ECONNREFUSED\)/ },
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

  it("names every identity that Azure names, whatever is in their names, and who lacks which role", () => {
    const many = Array.from({ length: 20 }, (_, i) => identityId(`one-of-many-${i}`).replace("/rg/", "/r.g_(x)-Ü/"));
    const all = [one, two, ...many].join(",");
    const message = `The client 'app' with object id 'oid-1' has permission, however not on the linked scope(s) '${all}' or the linked scope(s) are invalid.`;
    const fault = armFault(armError(403, "LinkedAuthorizationFailed", message), vm);
    expect(fault).toMatchObject({
      code: "ARM_IDENTITY_REFUSED",
      facts: { identities: all, principal: "oid-1", status: 403 },
    });
    const sent = [two, ...many].map(resourceKey);
    expect(blame(fault, [...sent, resourceKey(identityId("other"))])).toEqual({ kind: "named", ids: sent });
  });

  it.each([
    {
      code: "FailedIdentityOperation",
      message: `Identity operation for resource '${vm}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${one}' was not found."}}'.'.`,
      then: "ARM_IDENTITY_REFUSED",
    },
    {
      code: "LinkedInvalidPropertyId",
      message: `Property id '${one}' at path 'identity.userAssignedIdentities' is invalid.`,
      then: "ARM_IDENTITY_REFUSED",
    },
    {
      code: "ResourceNotFound",
      message:
        "The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/one' under resource group 'rg' was not found.",
      then: "ARM_IDENTITY_REFUSED",
    },
    {
      code: "FailedIdentityOperation",
      message: `Identity operation for resource '${vm}' failed with error 'Status: 'BadRequest'. Response: '{"error":{"message":"User Assigned Identities Number '151' Assign exceed limit '150' in one request."}}'.'.`,
      then: "ARM_IDENTITY_QUOTA",
    },
    {
      code: "AuthorizationFailed",
      message: `The client 'app' with object id 'oid-1' does not have authorization to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' over scope '${one}' or the scope is invalid.`,
      then: "ARM_IDENTITY_REFUSED",
    },
    { code: "TooManyUserAssignedIdentities", message: "no more", then: "ARM_IDENTITY_QUOTA" },
    {
      code: "FailedIdentityOperation",
      message: `Failed to perform resource identity operation. Status: 'ServiceUnavailable'. Response: '${one}'.`,
      then: "ARM_ERROR",
    },
    { code: "QuotaExceeded", message: "no more cores", then: "ARM_ERROR" },
  ])("takes $code for $then, since it says: $message", ({ code, message, then }) => {
    const status = code === "ResourceNotFound" ? 404 : 400;
    expect(armFault(armError(status, code, message), vm).code).toBe(then);
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
