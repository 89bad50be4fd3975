import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Rendered, readObjects } from "../../support/chart/helm.ts";
import { originalCrds } from "../../support/chart/original-chart.ts";
import type { Cluster } from "../support/cluster.ts";
import { trust } from "../support/release.ts";
import { told } from "../support/runners.ts";

const root = join(import.meta.dirname, "../../..");
const CLOUD = "/etc/kubernetes/akscustom.json";

const labels = { mic: { component: "mic", app: "mic" }, nmi: { component: "nmi", tier: "node" } } as const;
type Part = keyof typeof labels;

/** What users of release 1.8.17 have who installed its manifests: the chart's objects under other names, in `default`. */
export async function originalManifests(cluster: Cluster): Promise<readonly object[]> {
  const chart = join(import.meta.dirname, "original-chart");
  const flags = ["--set=mic.customCloud.enabled=true", "--set=installMICException="];
  const text = told(await cluster.helm(["template", "aad", chart, "--namespace=default", ...flags]));
  return readObjects(text).map(asManifest);
}

/** Makes the kinds, and waits until the API server knows them. */
export async function applyCrds(cluster: Cluster): Promise<void> {
  const crds = await originalCrds();
  await cluster.apply(...crds);
  await cluster.kubectl("wait", "--for=condition=Established", "crd", ...crds.map(({ metadata }) => metadata.name));
}

/** Our manifests, changed as users do whose cloud is their own. */
export function ourManifests(): readonly object[] {
  const text = readFileSync(join(root, "deploy/infra/deployment-rbac.yaml"), "utf8");
  return readObjects(text).map((object) => (isWorkload(object) ? withCloud(object) : object));
}

const isWorkload = ({ kind }: Rendered) => kind === "Deployment" || kind === "DaemonSet";

function asManifest(object: Rendered): object {
  const part: Part = object.metadata.name.endsWith("-mic") ? "mic" : "nmi";
  const names: Readonly<Record<string, string>> = {
    Deployment: part,
    DaemonSet: part,
    ServiceAccount: `aad-pod-id-${part}-service-account`,
    ClusterRole: `aad-pod-id-${part}-role`,
    ClusterRoleBinding: `aad-pod-id-${part}-binding`,
  };
  const { spec, roleRef, subjects } = object;
  const { namespace } = object.metadata;
  const metadata = { name: names[object.kind], namespace, labels: { ...labels[part], "k8s-app": "aad-pod-id" } };
  if (roleRef !== undefined) {
    const account = { ...subjects[0], name: names.ServiceAccount };
    return { ...object, metadata, roleRef: { ...roleRef, name: names.ClusterRole }, subjects: [account] };
  }
  if (!isWorkload(object)) return { ...object, metadata };
  const pod = { ...spec.template.spec, serviceAccountName: names.ServiceAccount };
  const template = { metadata: { labels: labels[part] }, spec: pod };
  return { ...object, metadata, spec: { ...spec, selector: { matchLabels: labels[part] }, template } };
}

/** Whom to trust, and the file of endpoints. */
function withCloud(object: Rendered): object {
  const { spec } = object;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const added = {
    env: [...container.env, trust, { name: "AZURE_ENVIRONMENT_FILEPATH", value: CLOUD }],
    volumeMounts: [...container.volumeMounts, { name: "cloud", mountPath: CLOUD, readOnly: true }],
  };
  const volumes = [...pod.volumes, { name: "cloud", hostPath: { path: CLOUD } }];
  const changed = { ...pod, containers: [{ ...container, ...added }], volumes };
  return { ...object, spec: { ...spec, template: { ...spec.template, spec: changed } } };
}
