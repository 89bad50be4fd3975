import { isEqual, isList, type Json, type JsonObject, type KubeObject, objectOr, textOr } from "./json.ts";
import { labelErrors, subdomainErrors } from "./names.ts";
import { containerErrors } from "./rules-containers.ts";
import { duplicate, type FieldError, notAllowed, oneOf, required } from "./status.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function podErrors(pod: JsonObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = objectOr(pod.spec);
  if (old === undefined) return podSpecErrors(spec, "spec");
  return isEqual(fixedPart(spec), fixedPart(objectOr(old.spec))) ? [] : [notAllowed("spec", IMMUTABLE)];
}

const IMMUTABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** What is wrong with a pod's spec, or a template's. */
export function podSpecErrors(spec: JsonObject, path: string): readonly FieldError[] {
  const volumes = objectsOf(spec.volumes);
  const names = volumes.map(({ name }) => textOr(name));
  const containers = objectsOf(spec.containers);
  const inits = objectsOf(spec.initContainers);
  const account = textOr(spec.serviceAccountName);
  const node = textOr(spec.nodeName);
  return [
    ...volumes.flatMap((_volume, i) => nameErrors(names, i, `${path}.volumes[${i}].name`)),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...listErrors(containers, names, `${path}.containers`),
    ...listErrors(inits, names, `${path}.initContainers`),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy ?? "Always", RESTART_POLICIES),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy ?? "Default", DNS_POLICIES),
    ...(account === "" ? [] : subdomainErrors(`${path}.serviceAccountName`, account)),
    ...(node === "" ? [] : subdomainErrors(`${path}.nodeName`, node)),
  ];
}

function listErrors(containers: readonly JsonObject[], volumes: readonly string[], path: string): FieldError[] {
  const names = containers.map(({ name }) => textOr(name));
  return containers.flatMap((container, i) => [
    ...nameErrors(names, i, `${path}[${i}].name`),
    ...containerErrors(container, volumes, `${path}[${i}]`),
  ]);
}

/** Each has a name of its own. */
function nameErrors(names: readonly string[], i: number, field: string): FieldError[] {
  const name = names[i] ?? "";
  if (name === "") return [required(field)];
  return [...labelErrors(field, name), ...(names.indexOf(name) < i ? [duplicate(field, name)] : [])];
}

/** The part of a pod's spec that never changes once the pod exists. */
function fixedPart(spec: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  return { ...rest, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers) };
}

function imageless(containers: Json | undefined): Json | undefined {
  return isList(containers) ? containers.map((container) => ({ ...objectOr(container), image: "" })) : undefined;
}

function objectsOf(list: Json | undefined): readonly JsonObject[] {
  return isList(list) ? list.map(objectOr) : [];
}
