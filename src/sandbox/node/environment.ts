import type { Container, EnvVar, Pod } from "kubernetes-types/core/v1.d.ts";
import { UnsupportedError } from "./unsupported.ts";

export type Variables = Readonly<Record<string, string>>;

// What container runtimes set when an image sets nothing.
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment of a container, in the order of its `env`: later variables may refer to earlier ones, and the
 * container's own win over those that the node gives. `pod` carries its status, for the addresses.
 * @throws UnsupportedError for a value from somewhere that the sandbox does not read
 */
export function containerEnvironment(pod: Pod, container: Container, given: Variables = {}): Variables {
  const env: Record<string, string> = { PATH, HOSTNAME: pod.metadata?.name ?? "", ...given };
  for (const variable of container.env ?? []) {
    const value = variableValue(pod, variable, env);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
}

/** Replaces `$(NAME)` as Kubernetes does: unknown names stay as they are written, and `$$` is one dollar sign. */
export function expand(text: string, env: Variables): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(env, name) ? (env[name] ?? "") : match;
  });
}

function variableValue(pod: Pod, { name, value = "", valueFrom }: EnvVar, env: Variables): string | undefined {
  if (valueFrom === undefined) return expand(value, env);
  if (valueFrom.fieldRef !== undefined) return fieldValue(pod, valueFrom.fieldRef.fieldPath, name);
  if (valueFrom.secretKeyRef?.optional === true || valueFrom.configMapKeyRef?.optional === true) return undefined;
  const source = Object.keys(valueFrom)[0] ?? "nothing";
  throw new UnsupportedError(
    "CreateContainerConfigError",
    `the sandbox does not fill variable ${name} from a ${source}: use value or valueFrom.fieldRef`,
  );
}

const FIELDS: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
  "metadata.name": (pod) => pod.metadata?.name,
  "metadata.namespace": (pod) => pod.metadata?.namespace,
  "metadata.uid": (pod) => pod.metadata?.uid,
  "spec.nodeName": (pod) => pod.spec?.nodeName,
  "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName,
  "status.hostIP": (pod) => pod.status?.hostIP,
  "status.hostIPs": (pod) => pod.status?.hostIP,
  "status.podIP": (pod) => pod.status?.podIP,
  "status.podIPs": (pod) => pod.status?.podIP,
};

function fieldValue(pod: Pod, path: string, variable: string): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return pod.metadata?.[map]?.[key] ?? "";
  const read = FIELDS[path];
  if (read !== undefined) return read(pod) ?? "";
  const known = [...Object.keys(FIELDS), "metadata.labels['KEY']", "metadata.annotations['KEY']"].join(", ");
  throw new UnsupportedError(
    "CreateContainerConfigError",
    `the sandbox does not fill variable ${variable} from the field ${path}: it knows ${known}`,
  );
}
