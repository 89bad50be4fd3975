import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { nested } from "../../../tools/chart/nested.ts";
import { CHART } from "./helm.ts";
import { originalValues } from "./original-values.ts";

const labels = (component: string) => ({
  "app.kubernetes.io/name": "aad-pod-identity",
  "app.kubernetes.io/instance": "aad",
  "app.kubernetes.io/component": component,
});

/** What the original's chart 4.1.18 gives, as far as an upgrade meets it: names, labels, selectors and images. */
const objects = ["Deployment", "DaemonSet"].map((kind) => {
  const component = kind === "Deployment" ? "mic" : "nmi";
  const name = `aad-pod-identity-${component}`;
  const image = `mcr.microsoft.com/oss/azure/aad-pod-identity/${component}:v1.8.17`;
  const chart = { "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "aad-pod-identity-4.1.18" };
  const pod = { serviceAccountName: name, containers: [{ name: component, image }] };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "pods", labels: { ...labels(component), ...chart } },
    spec: {
      ...(kind === "DaemonSet" && { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } }),
      selector: { matchLabels: labels(component) },
      template: { metadata: { labels: labels(component) }, spec: pod },
    },
  };
});

/** A chart in a temporary folder. */
export async function originalChart(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "original-chart-"));
  await mkdir(join(folder, "templates"));
  const chart = { apiVersion: "v2", name: "aad-pod-identity", version: "4.1.18", appVersion: "1.8.17" };
  await writeFile(join(folder, "Chart.yaml"), stringify(chart));
  await writeFile(join(folder, "values.yaml"), stringify(nested(Object.entries(originalValues))));
  await writeFile(join(folder, "templates/all.yaml"), objects.map((one) => stringify(one)).join("---\n"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

type Definition = { readonly metadata: { readonly name: string }; readonly spec: Spec };
type Spec = {
  versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } } }[];
};

/** The original's CRDs, of which that of AzureIdentity does not declare older spellings. */
export async function originalCrds(): Promise<readonly Definition[]> {
  const definitions = parseAllDocuments(await readFile(join(CHART, "crds/crd.yaml"), "utf8")).map(
    (document) => document.toJS() as Definition,
  );
  const identities = definitions.find(({ metadata }) => metadata.name.startsWith("azureidentities."));
  const fields = identities?.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {};
  for (const field of Object.keys(fields)) if (/^[A-Z]|^[a-z]+id$/.test(field)) delete fields[field];
  return definitions;
}
