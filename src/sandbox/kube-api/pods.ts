import { isEqual, isList, isObject, type Json, type JsonObject, type KubeObject, objectOr, textOr } from "./json.ts";
import type { Strategy } from "./resource.ts";
import { type FieldError, notAllowed, required } from "./status.ts";

/** What is particular to pods: defaults, a first status, and a spec that hardly changes. */
export const podStrategy: Strategy = {
  prepare: (object, old) => ({
    ...object,
    spec: withDefaults(objectOr(object.spec)),
    status: old === undefined ? { phase: "Pending", qosClass: "BestEffort" } : withAddresses(object.status),
  }),
  validate: (object, old) => {
    const spec = objectOr(object.spec);
    const errors = containerErrors(spec.containers);
    if (old !== undefined && !isEqual(fixedPart(spec), fixedPart(objectOr(old.spec)))) {
      errors.push(notAllowed("spec", IMMUTABLE));
    }
    return errors;
  },
};

const IMMUTABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

const defaults = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  serviceAccountName: "default",
  securityContext: {},
  schedulerName: "default-scheduler",
  enableServiceLinks: true,
} as const satisfies JsonObject;

function withDefaults(spec: JsonObject): JsonObject {
  const filled: JsonObject = { ...defaults, ...spec };
  const lists = ["containers", "initContainers"].filter((name) => isList(spec[name]));
  return {
    ...filled,
    serviceAccount: filled.serviceAccountName,
    ...Object.fromEntries(lists.map((name) => [name, (spec[name] as readonly Json[]).map(withContainerDefaults)])),
  };
}

function withContainerDefaults(container: Json): Json {
  if (!isObject(container)) return container;
  const image = textOr(container.image);
  const isLatest = !/[:@][^/]*$/.test(image) || image.endsWith(":latest");
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isLatest ? "Always" : "IfNotPresent",
    ...container,
  };
}

/** `podIP` and the first of `podIPs` are one value; whoever writes one writes the other. */
function withAddresses(status: Json | undefined): JsonObject {
  const { podIP, podIPs, ...rest } = objectOr(status);
  const list = isList(podIPs) ? podIPs : [];
  if (podIP !== undefined && podIP !== "") {
    const isFirst = textOr(objectOr(list[0]).ip) === podIP;
    return { ...rest, podIP, podIPs: isFirst ? list : [{ ip: podIP }] };
  }
  return { ...rest, ...(list.length > 0 && { podIP: objectOr(list[0]).ip, podIPs: list }) };
}

function containerErrors(containers: Json | undefined): FieldError[] {
  if (!isList(containers) || containers.length === 0) return [required("spec.containers")];
  return containers.flatMap((container, i) =>
    ["name", "image"]
      .filter((name) => textOr(objectOr(container)[name]) === "")
      .map((name) => required(`spec.containers[${i}].${name}`)),
  );
}

/** The part of a pod's spec that never changes once the pod exists. */
function fixedPart(spec: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  return { ...rest, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers) };
}

function imageless(containers: Json | undefined): Json | undefined {
  return isList(containers) ? containers.map((container) => ({ ...objectOr(container), image: "" })) : undefined;
}

/** How long a pod may take to end when the request does not say; 0 for one that runs nowhere. */
export function graceSeconds(pod: KubeObject, asked: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = objectOr(pod.spec);
  const { phase } = objectOr(pod.status);
  if (textOr(nodeName) === "" || phase === "Succeeded" || phase === "Failed") return 0;
  return asked ?? (typeof terminationGracePeriodSeconds === "number" ? terminationGracePeriodSeconds : 30);
}
