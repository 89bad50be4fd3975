import { describe, expect, it } from "vitest";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import type { CloudConfig } from "./cloud-config.ts";
import { signInFault } from "./sign-in-fault.ts";

const cloud = { resourceManager: "https://arm.example", activeDirectory: "https://login.example" };
const config: CloudConfig = {
  cloud: "AzureStackCloud",
  tenantId: "tenant",
  subscriptionId: "s",
  resourceGroup: "g",
  signIn: { kind: "secret", clientId: "0123-client-89ab", secret: new Secret("hush") },
};
const place = { config, cloud };
const sdk = (message: string) => Object.assign(new Error(message), { name: "AuthenticationRequiredError" });
const nothing = sdk("endpoints_resolution_error: See https://aka.ms/msal.js.errors");

describe("signInFault", () => {
  it.each([
    {
      when: "the SDK remembers an answer",
      reason: sdk(
        "invalid_client: Error(s): 7000222 - Timestamp: 2026-11-22 06:09:03Z - Description: AADSTS7000222: The provided client secret keys for app '0123-client-89ab' are expired. Trace ID: e42b Correlation ID: 5df0 Timestamp: 2026-11-22 06:09:03Z - Correlation ID: 5df0 - Trace ID: e42b",
      ),
      code: "ARM_CREDENTIAL",
      says: "Entra ID gives MIC no token: the client secret has expired, make a new one and put it into aadClientSecret in azure.json (AADSTS7000222: The provided client secret keys for app '0123##### REDACTED #####89ab' are expired)",
    },
    {
      when: "the clock is wrong",
      heard: { status: 401, said: "AADSTS700024: Client assertion is not within its valid time range." },
      code: "ARM_CREDENTIAL",
      says: "Entra ID gives MIC no token: it finds the time of MIC's signature wrong, set the clock of MIC's node (AADSTS700024: Client assertion is not within its valid time range.)",
    },
    {
      when: "the application is disabled",
      heard: { status: 401, said: "AADSTS7000112: Application is disabled." },
      code: "ARM_CREDENTIAL",
      says: "Entra ID gives MIC no token: application 0123##### REDACTED #####89ab is disabled, enable it (AADSTS7000112: Application is disabled.)",
    },
    {
      when: "the number is not known",
      heard: { status: 400, said: "AADSTS1: hush,\n\tplease. " },
      code: "ARM_CREDENTIAL",
      says: "Entra ID gives MIC no token: check tenantId or aadClientId or aadClientSecret in azure.json (AADSTS1: [redacted], please.)",
    },
    {
      when: "a proxy answers",
      heard: { status: 407, said: "" },
      code: "ENTRA_UNREACHABLE",
      says: "Entra ID at https://login.example does not answer (status 407 from something else that answers there): check MIC's network, and cloud in azure.json",
    },
    {
      when: "a name cannot be resolved",
      heard: { code: "ENOTFOUND" },
      code: "ENTRA_UNREACHABLE",
      says: "Entra ID at https://login.example does not answer (ENOTFOUND): check MIC's network, and cloud in azure.json",
    },
    {
      when: "a certificate is not trusted",
      heard: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
      code: "ENTRA_UNREACHABLE",
      says: "Entra ID at https://login.example shows a certificate that MIC does not trust (UNABLE_TO_VERIFY_LEAF_SIGNATURE): name its authority's file in NODE_EXTRA_CA_CERTS",
    },
  ])("$when", ({ reason = nothing, heard = {}, code, says }) => {
    expect(signInFault(reason, place, heard)).toMatchObject({ code, message: says, cause: reason });
  });

  it("passes on how long Entra ID asks to wait, and what is a Fault already", () => {
    const heard = { status: 429, said: "AADSTS50196: A loop.", retryAfterMs: 7_000 };
    expect(signInFault(nothing, place, heard)).toMatchObject({ code: "ENTRA_ERROR", retryAfterMs: 7_000 });
    const fault = new Fault("IMDS_UNREACHABLE", "away");
    expect(signInFault(fault, place, heard)).toBe(fault);
  });

  it("cuts what is too long", () => {
    const { message } = signInFault(nothing, place, { status: 400, said: `AADSTS1: ${"x".repeat(5_000)}` });
    expect(message.length).toBeLessThan(500);
  });
});
