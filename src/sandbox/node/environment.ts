import type { Container, EnvVar, EnvVarSource, Pod } from "kubernetes-types/core/v1.d.ts";
import type { KeyValues } from "./sources.ts";
import { NotYetError, UnsupportedError } from "./unsupported.ts";

export type Variables = Readonly<Record<string, string>>;

// What container runtimes set when an image sets nothing.
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The Secrets and ConfigMaps that variables come from, by `secrets NAME` and `configmaps NAME`, as far as they are there. */
export type References = ReadonlyMap<string, KeyValues>;

/** What has to be read before a container's environment can be made. */
export function referencesOf({ env = [], envFrom = [] }: Container): readonly string[] {
  const all = [
    ...env.flatMap(({ valueFrom }) => [
      valueFrom?.secretKeyRef && `secrets ${valueFrom.secretKeyRef.name}`,
      valueFrom?.configMapKeyRef && `configmaps ${valueFrom.configMapKeyRef.name}`,
    ]),
    ...envFrom.flatMap(({ secretRef, configMapRef }) => [
      secretRef && `secrets ${secretRef.name}`,
      configMapRef && `configmaps ${configMapRef.name}`,
    ]),
  ];
  return [...new Set(all.filter((each) => each !== undefined))];
}

/**
 * The environment of a container, in the order of its `env`: later variables may refer to earlier ones, and the
 * container's own win over those that the node gives. `pod` carries its status, for the addresses.
 * @throws UnsupportedError for a value from somewhere that the sandbox does not read, NotYetError for one that is missing
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  given: Variables = {},
  references: References = new Map(),
): Variables {
  const env: Record<string, string> = { PATH, HOSTNAME: pod.metadata?.name ?? "", ...given };
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    const { name, optional } = secretRef ?? configMapRef ?? {};
    const kind = secretRef ? "secret" : "configmap";
    const values = references.get(`${kind}s ${name}`);
    if (values === undefined && optional !== true) throw new NotYetError(`${kind} "${name}" not found`);
    for (const [key, value] of values ?? []) env[`${prefix}${key}`] = value.toString();
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(pod, variable, env, references);
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

function variableValue(
  pod: Pod,
  { name, value = "", valueFrom }: EnvVar,
  env: Variables,
  references: References,
): string | undefined {
  if (valueFrom === undefined) return expand(value, env);
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef !== undefined) return fieldText(pod, fieldRef.fieldPath, `variable ${name}`);
  if (secretKeyRef !== undefined) return keyText("secret", secretKeyRef, references);
  if (configMapKeyRef !== undefined) return keyText("configmap", configMapKeyRef, references);
  const source = Object.keys(valueFrom)[0] ?? "nothing";
  throw new UnsupportedError(
    "CreateContainerConfigError",
    `the sandbox does not fill variable ${name} from a ${source}: use value, or a fieldRef, secretKeyRef or configMapKeyRef`,
  );
}

function keyText(
  kind: "secret" | "configmap",
  { name, key, optional }: NonNullable<EnvVarSource["secretKeyRef"]>,
  references: References,
): string | undefined {
  const values = references.get(`${kind}s ${name}`);
  const value = values?.get(key)?.toString();
  if (value !== undefined || optional === true) return value;
  throw new NotYetError(
    values === undefined ? `${kind} "${name}" not found` : `couldn't find key ${key} in ${kind} "${name}"`,
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

/** A field of a pod as text; `what` it is for is told where there is no such field. @throws UnsupportedError */
export function fieldText(pod: Pod, path: string, what: string): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return pod.metadata?.[map]?.[key] ?? "";
  const read = FIELDS[path];
  if (read !== undefined) return read(pod) ?? "";
  const known = [...Object.keys(FIELDS), "metadata.labels['KEY']", "metadata.annotations['KEY']"].join(", ");
  throw new UnsupportedError(
    "CreateContainerConfigError",
    `the sandbox does not fill ${what} from the field ${path}: it knows ${known}`,
  );
}
