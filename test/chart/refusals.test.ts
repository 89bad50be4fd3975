import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHART, helmMissing, refusal } from "../support/chart/helm.ts";

const missing = helmMissing();

describe.skipIf(missing !== undefined)(`a wrong value of the chart${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it.each([
    [{ operationMode: "both" }, /'?\/?operationMode'?: value must be one of 'standard', 'managed'/],
    [
      { installMICException: "perhaps" },
      /installMICException'?: value must be one of true, false, 'true', 'false', ''/,
    ],
    [{ nmi: { imdsGuard: 1 } }, /nmi\/imdsGuard'?: value must be one of true, false/],
    [{ mic: { replicas: -1 } }, /mic\/replicas'?: minimum: got -1, want 0/],
    [{ mic: { loggingFormat: "xml" } }, /mic\/loggingFormat'?: value must be one of '', 'text', 'json'/],
    [
      { mic: { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } } },
      /takes minAvailable or maxUnavailable, not both/,
    ],
  ])("is named with what it may be: %j", async (values, said) => {
    expect(await refusal(values)).toMatch(said);
  });

  it.each([
    [{ nmi: { probePort: "http" } }, 'nmi.probePort is "http", and may be: port, 1 to 65535'],
    [{ mic: { probePort: 0 } }, 'mic.probePort is "0", and may be: port, 1 to 65535'],
    [{ mic: { prometheusPort: "65536" } }, 'mic.prometheusPort is "65536", and may be: port, 1 to 65535'],
    [{ nmi: { prometheusPort: 70000 } }, 'nmi.prometheusPort is "70000", and may be: port, 1 to 65535'],
    [{ nmi: { probePort: 2579 } }, "nmi.probePort is 2579, on which NMI itself listens: choose another port"],
    [{ nmi: { prometheusPort: 8085 } }, "nmi.probePort and nmi.prometheusPort are both 8085: choose another"],
    [{ mic: { probePort: "8888" } }, "mic.probePort and mic.prometheusPort are both 8888: choose another"],
    [{ mic: { replicas: "two" } }, 'mic.replicas is "two", and may be: whole number'],
    [{ mic: { clientQps: "fast" } }, 'mic.clientQps is "fast", and may be: number'],
    [{ mic: { syncRetryDuration: "3600" } }, '"3600", and may be: duration, such as 30s or 5m'],
    [{ podMonitor: { interval: "often" } }, 'podMonitor.interval is "often", and may be: duration, such as 30s or 5m'],
    [{ mic: { image: "" } }, 'mic.image is "", and may be: text without spaces'],
    [{ image: { repository: "" } }, 'image.repository is "", and may be: text without spaces'],
    [{ mic: { machineScopes: ["foo"] } }, 'mic.machineScopes is "foo", and may be: list of /subscriptions/ID or'],
    [{ mic: { armApiVersion: "foo" } }, 'mic.armApiVersion is "foo", and may be: api-version, such as 2024-07-01'],
    [{ nmi: { hostTokenUIDs: [0, "abc"] } }, 'nmi.hostTokenUIDs is "abc", and may be: list of numbers of users'],
    [{ nmi: { allowedADEndpoints: ["http://x"] } }, 'Endpoints is "http://x", and may be: list of https:// URLs'],
    [{ nmi: { kubeletConfig: "" } }, 'nmi.kubeletConfig is "", and may be: path from /'],
    [{ mic: { cloudConfig: "azure.json" } }, 'mic.cloudConfig is "azure.json", and may be: path from /'],
    [{ mic: { cloudConfig: "" } }, "mic.cloudConfig is empty: it names azure.json on the nodes, such as"],
    [{ nmi: { updateStrategy: { type: "Foo" } } }, 'nmi.updateStrategy.type is "Foo", and may be: RollingUpdate or '],
    [{ nmi: { updateStrategy: { rollingUpdate: { maxSurge: "some" } } } }, 'rollingUpdate.maxSurge is "some", and may'],
    [{ nmi: { updateStrategy: { rollingupdate: {} } } }, "nmi.updateStrategy.rollingupdate is unknown: write rollingU"],
    [{ mic: { podDisruptionBudget: { minAvailabe: 1 } } }, "minAvailabe is unknown: known are minAvailable, maxUn"],
    [{ mic: { podDisruptionBudget: { minAvailable: "1/2" } } }, '"1/2", and may be: whole number or percentage'],
    [{ nameOverride: "Foo_Bar" }, 'nameOverride is "Foo_Bar", and may be: name of small letters, digits and -'],
    [{ adminsecret: { cluod: "x" } }, "adminsecret.cluod is unknown: known are cloud, subscriptionID"],
    [{ adminsecret: { tenantId: "x" } }, "adminsecret.tenantId is unknown: write tenantID"],
    [{ mic: { leaderElection: { lease: "x" } } }, "mic.leaderElection.lease is unknown: known are instance, "],
    [{ forceNameSpaced: true }, "forceNameSpaced is unknown: write forceNamespaced"],
    [{ gateway: {} }, "gateway is unknown: known are nameOverride, "],
  ])("is refused by a sentence: %j", async (values, sentence) => {
    expect(await refusal(values)).toContain(sentence);
  });

  it.each([
    { mic: { cloudConfig: "" }, operationMode: "managed" },
    { mic: { probePort: 65535, prometheusPort: "1", replicas: "1", clientQps: 0.5 } },
    { mic: { podDisruptionBudget: { minAvailable: "50%", unhealthyPodEvictionPolicy: "AlwaysAllow" } } },
    { nmi: { updateStrategy: { type: "OnDelete" } }, mic: { leaderElection: { duration: "1m30s" } } },
    { podMonitor: null, crds: null, adminsecret: null, mic: { immutableUserMSIs: null, leaderElection: null } },
  ])("is none of these: %j", async (values) => {
    expect(await refusal(values)).toBe("");
  });

  it.each([
    [{ mic: { tag: "v1.8.17" } }, 'mic.tag "v1.8.17" names a release of aad-pod-identity 1.x'],
    [{ nmi: { tag: "1.7.0" } }, 'nmi.tag "1.7.0" names a release of aad-pod-identity 1.x'],
    [
      { image: { repository: "mcr.microsoft.com/k8s/aad-pod-identity" } },
      'image.repository "mcr.microsoft.com/k8s/aad-pod-identity" holds the images of aad-pod-identity 1.x',
    ],
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

/** The first Kubernetes that has startupProbe, without which NMI would be killed while it waits for the API server. */
const OLDEST = "1.18";

describe("a cluster that is too old", () => {
  it.skipIf(missing !== undefined)("is refused", async () => {
    expect(await refusal({}, `--kube-version=${OLDEST}.0`)).toBe("");
    expect(await refusal({}, `--kube-version=${OLDEST}.0-gke.1`)).toBe("");
    expect(await refusal({}, "--kube-version=1.17.17")).toContain("incompatible with Kubernetes v1.17.17");
  });

  it.each(["README.md", "files/differences.txt", "../../docs/upgrade.md"])("is told of in %s", (page) => {
    const text = readFileSync(join(CHART, page), "utf8").replaceAll(/\s+/g, " ");
    expect(text).toContain(`Kubernetes ${OLDEST} or newer`);
  });
});
