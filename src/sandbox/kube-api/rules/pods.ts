import {
  isEqual,
  isList,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  objectOr,
  objectsOf,
  textOr,
} from "../json.ts";
import { duplicate, type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";
import { affinityErrors } from "./affinity.ts";
import { containerErrors, imageErrors } from "./containers.ts";
import { labelErrors, labelsErrors, subdomainErrors } from "./names.ts";
import { probesErrors, shortRunErrors } from "./probes.ts";
import { sharingErrors } from "./security.ts";
import { tolerationErrors } from "./tolerations.ts";
import { volumesErrors } from "./volumes.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function podErrors(pod: JsonObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = objectOr(pod.spec);
  if (old === undefined) return newPodErrors(spec);
  return isEqual(fixedPart(spec), fixedPart(objectOr(old.spec))) ? [] : [notAllowed("spec", IMMUTABLE)];
}

const IMMUTABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function newPodErrors(spec: JsonObject): readonly FieldError[] {
  const images = (["containers", "initContainers"] as const).flatMap((list) =>
    objectsOf(spec[list]).flatMap((container, i) => imageErrors(container, `spec.${list}[${i}]`)),
  );
  return [...podSpecErrors(spec, "spec"), ...images];
}

/** What is wrong with a pod's spec, or a template's. */
export function podSpecErrors(spec: JsonObject, path: string): readonly FieldError[] {
  const volumes = volumesErrors(objectsOf(spec.volumes), `${path}.volumes`);
  const containers = objectsOf(spec.containers);
  const inits = objectsOf(spec.initContainers);
  const account = textOr(spec.serviceAccountName);
  const node = textOr(spec.nodeName);
  return [
    ...volumes.errors,
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...listErrors(containers, volumes.names, `${path}.containers`),
    ...initErrors(inits, containers, volumes.names, `${path}.initContainers`),
    ...hostPortErrors(spec, containers, path),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy ?? "Always", RESTART_POLICIES),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy ?? "Default", DNS_POLICIES),
    ...labelsErrors(`${path}.nodeSelector`, spec.nodeSelector),
    ...sharingErrors(spec, path),
    ...affinityErrors(spec.affinity, `${path}.affinity`),
    ...serversErrors(spec, `${path}.dnsConfig`),
    ...(account === "" ? [] : subdomainErrors(`${path}.serviceAccountName`, account)),
    ...(node === "" ? [] : subdomainErrors(`${path}.nodeName`, node)),
    ...deadlineErrors(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`),
    ...["hostname", "subdomain"].flatMap((name) => {
      const value = textOr(spec[name]);
      return value === "" ? [] : labelErrors(`${path}.${name}`, value);
    }),
    ...objectsOf(spec.tolerations).flatMap((each, i) => tolerationErrors(each, `${path}.tolerations[${i}]`)),
  ];
}

/** A pod of the node's network has the ports that its containers say; a template may leave them out. */
function hostPortErrors(spec: JsonObject, containers: readonly JsonObject[], path: string): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  return containers.flatMap(({ ports }, i) =>
    objectsOf(ports).flatMap(({ hostPort = 0, containerPort = 0 }, j) =>
      hostPort === 0 || hostPort === containerPort
        ? []
        : [wrong(`${path}.containers[${i}].ports[${j}].hostPort`, hostPort, UNLIKE)],
    ),
  );
}
const UNLIKE = "must match `containerPort` when `hostNetwork` is true";

function serversErrors({ dnsPolicy, dnsConfig }: JsonObject, path: string): FieldError[] {
  if (dnsPolicy !== "None") return [];
  if (!isObject(dnsConfig)) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
  const { nameservers } = dnsConfig;
  if (isList(nameservers) && nameservers.length > 0) return [];
  return [required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
}

const LONGEST_DEADLINE = 2 ** 31 - 1;

function deadlineErrors(seconds: Json | undefined, field: string): FieldError[] {
  if (typeof seconds !== "number" || (seconds >= 1 && seconds <= LONGEST_DEADLINE)) return [];
  return [wrong(field, seconds, `must be between 1 and ${LONGEST_DEADLINE}, inclusive`)];
}

function listErrors(containers: readonly JsonObject[], volumes: readonly string[], path: string): FieldError[] {
  const names = namesOf(containers);
  return containers.flatMap((container, i) => [
    ...oneErrors(container, names.slice(0, i), volumes, `${path}[${i}]`),
    ...probesErrors(container, `${path}[${i}]`),
  ]);
}

/** Init containers share the names of the others; those that go on running are as free as they are. */
function initErrors(
  inits: readonly JsonObject[],
  containers: readonly JsonObject[],
  volumes: readonly string[],
  path: string,
): FieldError[] {
  const names = namesOf(inits);
  return inits.flatMap((container, i) => {
    const staying = container.restartPolicy === "Always" ? probesErrors : shortRunErrors;
    const taken = [...namesOf(containers), ...names.slice(0, i)];
    return [...oneErrors(container, taken, volumes, `${path}[${i}]`), ...staying(container, `${path}[${i}]`)];
  });
}

/** A container, beside whose name none of `taken` may stand. */
function oneErrors(container: JsonObject, taken: readonly string[], volumes: readonly string[], path: string) {
  const name = textOr(container.name);
  const field = `${path}.name`;
  return [
    ...(name === "" ? [required(field)] : labelErrors(field, name)),
    ...containerErrors(container, volumes, path),
    ...(name !== "" && taken.includes(name) ? [duplicate(field, name)] : []),
  ];
}

function namesOf(containers: readonly JsonObject[]): readonly string[] {
  return containers.map(({ name }) => textOr(name));
}

/** The part of a pod's spec that never changes once the pod exists. */
function fixedPart(spec: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  return { ...rest, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers) };
}

function imageless(containers: Json | undefined): Json | undefined {
  return isList(containers) ? containers.map((container) => ({ ...objectOr(container), image: "" })) : undefined;
}
