import { statSync } from "node:fs";
import type { Container, Pod, PodSpec } from "kubernetes-types/core/v1.d.ts";
import { podInWords } from "./container-events.ts";
import type { Told } from "./recorder.ts";
import { UnsupportedError } from "./unsupported.ts";

/** What asks in vain for what, by itself or with any value but the one that holds here. */
const OF_POD: Readonly<Record<string, (spec: PodSpec) => unknown>> = {
  hostPID: ({ hostPID }) => hostPID,
  hostIPC: ({ hostIPC }) => hostIPC,
  priorityClassName: ({ priorityClassName = "" }) => priorityClassName !== "" && !/^system-/.test(priorityClassName),
  "affinity.podAffinity": ({ affinity }) => affinity?.podAffinity,
  "affinity.podAntiAffinity": ({ affinity }) => affinity?.podAntiAffinity,
  topologySpreadConstraints: ({ topologySpreadConstraints }) => topologySpreadConstraints?.length,
  "securityContext.runAsUser": ({ securityContext }) => isOther(securityContext?.runAsUser, "uid"),
  "securityContext.runAsGroup": ({ securityContext }) => isOther(securityContext?.runAsGroup, "gid"),
  "securityContext.fsGroup": ({ securityContext }) => securityContext?.fsGroup !== undefined,
};
const OF_CONTAINER: Readonly<Record<string, (container: Container) => unknown>> = {
  "resources.limits": ({ resources }) => resources?.limits,
  terminationMessagePath: ({ terminationMessagePath: path = MESSAGE_PATH }) => path !== MESSAGE_PATH,
  "securityContext.runAsUser": ({ securityContext }) => isOther(securityContext?.runAsUser, "uid"),
  "securityContext.runAsGroup": ({ securityContext }) => isOther(securityContext?.runAsGroup, "gid"),
  "securityContext.privileged": ({ securityContext }) => securityContext?.privileged,
  "securityContext.readOnlyRootFilesystem": ({ securityContext }) => securityContext?.readOnlyRootFilesystem,
  "securityContext.capabilities": ({ securityContext }) => securityContext?.capabilities,
};
/** Where programs write their last words when a manifest says nothing else. */
const MESSAGE_PATH = "/dev/termination-log";

/** What a pod asks for that is not carried out here though it runs: what changes much each by itself, the rest at once. */
export function unheeded({ spec }: Pod): readonly Told[] {
  const { containers = [], initContainers = [] } = spec ?? {};
  const all = [
    ...initContainers.map((each) => ({ at: `spec.initContainers{${each.name}}`, each })),
    ...containers.map((each) => ({ at: `spec.containers{${each.name}}`, each })),
  ];
  const names = "names are looked up as on this machine";
  const fields = [
    ...(spec === undefined ? [] : asked(OF_POD, spec, "spec")),
    ...all.flatMap(({ at, each }) => asked(OF_CONTAINER, each, at)),
  ];
  return [
    ...all.flatMap(({ at, each }) => hooksOf(at, each)),
    ...(spec?.hostAliases?.length ? [told("Warning", "spec.hostAliases", names)] : []),
    ...(spec?.dnsConfig ? [told("Warning", "spec.dnsConfig", names)] : []),
    ...(fields.length > 0 ? [told("Normal", fields.join(", "), "it runs as without")] : []),
  ];
}

function asked<T>(table: Readonly<Record<string, (of: T) => unknown>>, of: T, at: string): readonly string[] {
  return Object.entries(table).flatMap(([field, isAsked]) => (isAsked(of) ? [`${at}.${field}`] : []));
}

/** Other than this process's own, which pods run as. */
function isOther(wanted: number | undefined, which: "uid" | "gid"): boolean {
  return wanted !== undefined && wanted !== statSync("/proc/self")[which];
}

function hooksOf(at: string, { lifecycle }: Container): readonly Told[] {
  const hooks = Object.keys(lifecycle ?? {}).filter((name) => name === "postStart" || name === "preStop");
  return hooks.map((hook) => told("Warning", `${at}.lifecycle.${hook}`, "it is not called"));
}

function told(type: Told["type"], field: string, meaning: string): Told {
  return { type, reason: "NotInSandbox", message: `the sandbox does not carry out ${field}: ${meaning}` };
}

/** @throws UnsupportedError for a container that may not run as root and is told to */
export function checkUser(container: Container, pod: Pod): void {
  const { runAsNonRoot, runAsUser } = { ...pod.spec?.securityContext, ...container.securityContext };
  if (runAsNonRoot !== true || runAsUser !== 0) return;
  const message = `container's runAsUser breaks non-root policy (pod: "${podInWords(pod)}", container: ${container.name})`;
  throw new UnsupportedError("CreateContainerConfigError", message);
}
