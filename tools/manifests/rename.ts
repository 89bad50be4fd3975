import type { Manifest } from "./chart-objects.ts";

/** How the manifests call what the chart calls by its own name. */
const names: Readonly<Record<string, (component: string) => string>> = {
  ServiceAccount: (component) => `aad-pod-id-${component}-service-account`,
  ClusterRole: (component) => `aad-pod-id-${component}-role`,
  Role: (component) => `aad-pod-id-${component}-role`,
  ClusterRoleBinding: (component) => `aad-pod-id-${component}-binding`,
  RoleBinding: (component) => `aad-pod-id-${component}-binding`,
  DaemonSet: (component) => component,
  Deployment: (component) => component,
  Secret: () => "aadpodidentity-admin-secret",
  AzurePodIdentityException: () => "mic-exception",
};
const MINE = /^aad-pod-identity-(mic|nmi)$/;

function renamed(kind: string, name: string): string {
  const component = MINE.exec(name)?.[1] ?? "";
  if (kind === "AzurePodIdentityException" && name !== "mic") return name;
  if (kind.startsWith("ValidatingAdmissionPolicy")) return name.replace("aad-pod-identity-", "aad-pod-id-");
  return names[kind]?.(component) ?? name;
}

/** Labels of a workload's pods, those that its selector has first. */
export type PodLabels = {
  readonly selector: Readonly<Record<string, string>>;
  readonly others: Readonly<Record<string, string>>;
};

/** An object under the names that the manifests have for it and for all that it refers to, without Helm's labels. */
export function asManifest(object: Manifest, pods: Readonly<Record<string, PodLabels>>): Manifest {
  const { kind, metadata } = object;
  metadata.name = renamed(kind, metadata.name);
  delete metadata.labels;
  delete metadata.annotations;
  if (object.roleRef) object.roleRef.name = renamed(object.roleRef.kind, object.roleRef.name);
  for (const subject of object.subjects ?? []) subject.name = renamed(subject.kind, subject.name);
  for (const rule of object.rules ?? []) {
    if (rule.resources[0] === "daemonsets") rule.resourceNames = ["nmi"];
  }
  if (kind === "AzurePodIdentityException" && metadata.name === "mic-exception")
    object.spec.podLabels = { component: "mic" };
  if (object.spec?.policyName) object.spec.policyName = renamed(kind, object.spec.policyName);
  const labels = pods[metadata.name];
  if (labels !== undefined && object.spec.template) workload(object, labels);
  return object;
}

function workload({ metadata, spec }: Manifest, { selector, others }: PodLabels): void {
  const labels = { ...selector, ...others };
  metadata.labels = { ...labels, "k8s-app": "aad-pod-id" };
  spec.selector.matchLabels = selector;
  spec.template.metadata = { labels };
  const pod = spec.template.spec;
  const { serviceAccountName = "default" } = pod;
  if (serviceAccountName === "default") delete pod.serviceAccountName;
  else pod.serviceAccountName = renamed("ServiceAccount", serviceAccountName);
  const [container] = pod.containers;
  container.args = container.args.map((flag) =>
    flag
      .replace(/^(--daemonset=.*\/).*$/, "$1nmi")
      .replace(/^(--mic-service-account=.*\/).*$/, `$1${renamed("ServiceAccount", "aad-pod-identity-mic")}`),
  );
  for (const { valueFrom } of container.env) {
    if (valueFrom?.secretKeyRef) valueFrom.secretKeyRef.name = renamed("Secret", "");
  }
}
