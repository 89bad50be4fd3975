import { type JsonObject, type KubeObject, objectOr } from "../json.ts";
import type { Resource } from "../resource.ts";
import { type FieldError, wrong } from "../status.ts";
import { cronJobErrors } from "./cron.ts";
import { jobErrors } from "./jobs.ts";
import { configMapErrors, secretDataErrors } from "./maps.ts";
import { podErrors } from "./pods.ts";
import { bindingErrors, roleErrors } from "./rbac.ts";
import { serviceErrors } from "./services.ts";
import { daemonSetErrors, deploymentErrors, replicaSetErrors, statefulSetErrors } from "./workloads.ts";

type Rules = (object: JsonObject, old: KubeObject | undefined) => readonly FieldError[];

/** What the objects of built-in kinds must be like beyond the types of their fields, as far as people meet it. */
const rules: Readonly<Record<string, Rules>> = {
  "/Pod": podErrors,
  "/ConfigMap": configMapErrors,
  "/Secret": secretDataErrors,
  "/Service": serviceErrors,
  "apps/Deployment": deploymentErrors,
  "apps/DaemonSet": daemonSetErrors,
  "apps/ReplicaSet": replicaSetErrors,
  "apps/StatefulSet": statefulSetErrors,
  "batch/CronJob": cronJobErrors,
  "batch/Job": jobErrors,
  "coordination.k8s.io/Lease": leaseErrors,
  "policy/PodDisruptionBudget": budgetErrors,
  "rbac.authorization.k8s.io/Role": roleErrors(true),
  "rbac.authorization.k8s.io/ClusterRole": roleErrors(false),
  "rbac.authorization.k8s.io/RoleBinding": bindingErrors(true),
  "rbac.authorization.k8s.io/ClusterRoleBinding": bindingErrors(false),
};

export function ruleErrors({ group, kind }: Resource, object: JsonObject, old: KubeObject | undefined) {
  return rules[`${group}/${kind}`]?.(object, old) ?? [];
}

function leaseErrors({ spec }: JsonObject): readonly FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = objectOr(spec);
  return [
    ...(typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0
      ? [wrong("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0")]
      : []),
    ...(typeof leaseTransitions === "number" && leaseTransitions < 0
      ? [wrong("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0")]
      : []),
  ];
}

function budgetErrors({ spec }: JsonObject): readonly FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = objectOr(spec);
  if ((minAvailable ?? null) === null || (maxUnavailable ?? null) === null) return [];
  const shown = {
    MinAvailable: minAvailable,
    Selector: selector ?? null,
    MaxUnavailable: maxUnavailable,
    UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
  };
  return [wrong("spec", shown, "minAvailable and maxUnavailable cannot be both set")];
}
