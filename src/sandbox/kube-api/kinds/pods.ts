import { isEqual, isList, type Json, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import type { Strategy } from "../resource.ts";
import { podSpecDefaults, withMissing } from "./pod-defaults.ts";

/** What is particular to pods: defaults, a first status, and a spec that hardly changes. */
export const podStrategy: Strategy = {
  prepare: (object, old) => ({
    ...object,
    spec: withDefaults(objectOr(object.spec)),
    status:
      old === undefined
        ? { phase: "Pending", qosClass: qosClass(objectOr(object.spec)) }
        : withAddresses(object.status),
  }),
};

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

/** A pod waits so long on a node that is in trouble, unless it says otherwise. */
const PATIENCE_SECONDS = 300;

function withDefaults(spec: JsonObject): JsonObject {
  const tolerations = isList(spec.tolerations) ? spec.tolerations : [];
  const filled = withMissing(spec, {
    serviceAccountName: textOr(spec.serviceAccount) || "default",
    enableServiceLinks: true,
    priority: SYSTEM_PRIORITIES[textOr(spec.priorityClassName)] ?? 0,
    preemptionPolicy: "PreemptLowerPriority",
  });
  return { ...podSpecDefaults(filled), tolerations: [...tolerations, ...patience(tolerations)] };
}

function patience(tolerations: readonly Json[]): readonly JsonObject[] {
  return ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerations.map(objectOr).some((each) => tolerates(each, key)))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: PATIENCE_SECONDS }));
}

function tolerates({ key, effect }: JsonObject, taint: string): boolean {
  const isEvery = key === undefined || key === "";
  return (isEvery || key === taint) && [undefined, "", "NoExecute"].includes(effect as string | undefined);
}

/** `Guaranteed` when all containers are limited to what they ask for, `BestEffort` when none asks for anything. */
function qosClass(spec: JsonObject): string {
  const all = [spec.containers, spec.initContainers].flatMap((list) => (isList(list) ? list.map(objectOr) : []));
  const resources = all.map((container) => objectOr(container.resources));
  const asked = resources.flatMap(({ limits, requests }) => [objectOr(limits), objectOr(requests)]);
  if (asked.every((each) => each.cpu === undefined && each.memory === undefined)) return "BestEffort";
  const isFixed = resources.every(({ limits, requests }) =>
    ["cpu", "memory"].every((name) => {
      const limit = objectOr(limits)[name];
      return limit !== undefined && isEqual(limit, objectOr(requests)[name] ?? limit);
    }),
  );
  return isFixed ? "Guaranteed" : "Burstable";
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

/** How long a pod may take to end when the request does not say; 0 for one that runs nowhere. */
export function graceSeconds(pod: KubeObject, asked: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = objectOr(pod.spec);
  const { phase } = objectOr(pod.status);
  if (textOr(nodeName) === "" || phase === "Succeeded" || phase === "Failed") return 0;
  return asked ?? (typeof terminationGracePeriodSeconds === "number" ? terminationGracePeriodSeconds : 30);
}
