import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { manifests } from "../../tools/manifests/files.ts";
import { ChartCluster, clusterMissing } from "../support/chart/chart-cluster.ts";
import { examples as shown } from "../support/chart/doc-pages.ts";
import { CHART, OPERATOR_CRDS, operatorCrdsMissing, runTool, template } from "../support/chart/helm.ts";
import { writeSchemas } from "../support/chart/schemas.ts";

const missing = clusterMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const files = missing === undefined ? manifests() : {};
const noOperator = operatorCrdsMissing();
const kinds = ["AzureIdentity", "AzureIdentityBinding", "AzureAssignedIdentity", "AzurePodIdentityException"];

const RECENT = "--kube-version=1.34.0";
const examples = [
  {},
  { operationMode: "managed" },
  { mic: { podDisruptionBudget: { minAvailable: 1 }, prometheusPort: 8888 }, forceNamespaced: true },
  {
    rbac: { createUserFacingClusterRoles: true },
    nmi: { customCloud: { enabled: true } },
    dashboard: { enabled: true },
  },
];
const labels = { release: "prometheus" };
const monitored = { podMonitor: { enabled: true, labels, interval: "30s" }, prometheusRule: { enabled: true, labels } };

describe.skipIf(missing !== undefined)(`a real API server${reason}`, () => {
  let cluster: ChartCluster;
  let folder: string;
  let schemas: string;
  const dryRun = (input: string) =>
    cluster.tryKubectl(input, "apply", "--dry-run=server", "--validate=strict", "--filename=-");
  const conforms = (input: string) =>
    runTool("kubeconform", ["-strict", `-schema-location=${schemas}`, "-"], { input });

  beforeAll(async () => {
    cluster = await ChartCluster.start();
    await cluster.kubectl("create", `--filename=${CHART}/crds/crd.yaml`);
    folder = await mkdtemp(join(tmpdir(), "schemas-"));
    const published = await vi.waitFor(async () => {
      const openApi = await cluster.kubectl("get", "--raw=/openapi/v2");
      for (const kind of kinds) expect(openApi).toContain(`"io.k8s.aadpodidentity.v1.${kind}"`);
      return openApi;
    }, 60_000);
    schemas = await writeSchemas(published, folder);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it.each(Object.entries(files))("takes %s as it is", async (_, text) => {
    expect(await dryRun(text)).toMatchObject({ code: 0 });
  });

  it.each(examples)("takes what the chart gives for %j as it is", async (values) => {
    expect(await dryRun((await template(values, RECENT)).stdout)).toMatchObject({ code: 0 });
  });

  it("takes what pages show, in the namespaces that they name, and has schemas to which it conforms", async () => {
    const all = shown().map(({ word }) => word);
    expect(all.length).toBeGreaterThan(6);
    const namespaces = all.flatMap((text) => text.match(/(?<=^ {2}namespace: )[\w-]+/gm) ?? []);
    for (const namespace of new Set(namespaces)) await cluster.kubectl("create", "namespace", namespace);
    const text = all.join("---\n");
    expect(await dryRun(text)).toMatchObject({ code: 0 });
    expect(await conforms(text)).toMatchObject({ code: 0, stdout: "" });
    for (const [right, wrong] of [
      ["clientPassword:", "clientSecret:"],
      ["ipBlock:", "ipblock:"],
    ] as const)
      expect((await dryRun(text.replace(right, wrong))).stderr).toMatch(`unknown field "spec.`);
  });

  const words = `takes monitors and alerts where it has the operator's CRDs${noOperator ? ` (skipped: ${noOperator})` : ""}`;
  it.skipIf(noOperator !== undefined)(words, async () => {
    await cluster.kubectl("create", `--filename=${OPERATOR_CRDS}`);
    await cluster.kubectl("wait", "--for=condition=Established", `--filename=${OPERATOR_CRDS}`);
    const { stdout } = await template(monitored, RECENT);
    const { code, stdout: taken } = await dryRun(stdout);
    expect([code, taken.match(/(?<=^(?:podmonitor|prometheusrule)[^/]*\/)[\w-]+ created/gm)]).toEqual([
      0,
      ["aad-pod-identity-mic created", "aad-pod-identity-nmi created", "aad-pod-identity created"],
    ]);
    const { stderr } = await dryRun(stdout.replace("honorLabels: true", "honourLabels: true"));
    expect(stderr).toContain('unknown field "spec.podMetricsEndpoints[0].honourLabels"');
    const late = await dryRun(stdout.replace("for: 5m", "for: soon"));
    expect(late.stderr).toContain("spec.groups[0].rules[0].for in body should match");
  });

  it("has schemas to which all of these conform, and what is wrong does not", async () => {
    const rendered = await Promise.all(examples.map((values) => template(values, RECENT)));
    const all = [...Object.values(files), ...rendered.map(({ stdout }) => stdout)].join("---\n");
    expect(await conforms(all)).toMatchObject({ code: 0, stdout: "" });
    const wrong = all
      .replace("hostNetwork: true", "hostNetwrk: true")
      .replace("clientID: CLIENT_ID", "clientId: CLIENT_ID")
      .replace("replicas: 2", "replicas: two");
    const { code, stdout } = await conforms(wrong);
    expect(code).toBe(1);
    for (const problem of ["'hostNetwrk' not allowed", "'clientId' not allowed", "got string, want integer"])
      expect(stdout).toContain(problem);
  });
});
