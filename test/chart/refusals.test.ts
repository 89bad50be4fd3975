import { describe, expect, it } from "vitest";
import { helmMissing, refusal } from "../support/helm.ts";

const missing = helmMissing();

describe.skipIf(missing !== undefined)(`a wrong value of the chart${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it.each([
    [{ operationMode: "both" }, /'?\/?operationMode'?: value must be one of 'standard', 'managed'/],
    [
      { installMICException: "perhaps" },
      /installMICException'?: value must be one of true, false, 'true', 'false', ''/,
    ],
    [{ nmi: { imdsGuard: 1 } }, /nmi\/imdsGuard'?: value must be one of true, false/],
    [{ nmi: { probePort: "http" } }, /nmi\/probePort'?: 'http' does not match pattern '\^\[0-9\]\*\$'/],
    [{ mic: { replicas: -1 } }, /mic\/replicas'?: minimum: got -1, want 0/],
    [{ mic: { syncRetryDuration: "3600" } }, /mic\/syncRetryDuration'?: '3600' does not match pattern/],
    [{ mic: { loggingFormat: "xml" } }, /mic\/loggingFormat'?: value must be one of '', 'text', 'json'/],
    [
      { nmi: { allowedADEndpoints: ["http://x"] } },
      /nmi\/allowedADEndpoints\/0'?: 'http:\/\/x' does not match pattern '\^https:\/\/'/,
    ],
    [{ nmi: { blockInstanceMetdata: true } }, /nmi'?: additional properties 'blockInstanceMetdata' not allowed/],
    [{ forceNameSpaced: true }, /additional properties 'forceNameSpaced' not allowed/],
    [
      { mic: { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } } },
      /takes minAvailable or maxUnavailable, not both/,
    ],
  ])("is named with what it may be: %j", async (values, said) => {
    expect(await refusal(values)).toMatch(said);
  });

  it.each([
    [{ mic: { tag: "v1.8.17" } }, 'mic.tag "v1.8.17" names a release of aad-pod-identity 1.x'],
    [{ nmi: { tag: "1.7.0" } }, 'nmi.tag "1.7.0" names a release of aad-pod-identity 1.x'],
    [
      { image: { repository: "mcr.microsoft.com/oss/azure/aad-pod-identity" } },
      'image.repository "mcr.microsoft.com/oss/azure/aad-pod-identity" holds the images of aad-pod-identity 1.x',
    ],
  ])("is told that it pins the original, and how to let go: %j", async (values, sentence) => {
    const said = await refusal(values);
    expect(said).toContain(sentence);
    expect(said).toContain('"helm upgrade --reset-then-reuse-values" keeps your other values.');
  });

  it("is not one of a chart around this one", async () => {
    expect(await refusal({ global: { anything: 1 } })).toBe("");
  });
});
