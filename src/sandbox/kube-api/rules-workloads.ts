import { isEqual, isList, isObject, type Json, type JsonObject, type KubeObject, objectOr } from "./json.ts";
import { podSpecErrors } from "./rules-pods.ts";
import { daemonSetStrategyErrors, deploymentStrategyErrors } from "./rules-strategies.ts";
import { type FieldError, oneOf, required, wrong } from "./status.ts";

const MISMATCH = "`selector` does not match template `labels`";

const ENDING = ["OnFailure", "Never"];

export const deploymentErrors = workloadErrors("deployment", deploymentStrategyErrors);
export const daemonSetErrors = workloadErrors("daemonset", daemonSetStrategyErrors);

/** Rules of jobs, whose pods come to an end. */
export function jobErrors(job: JsonObject, old: KubeObject | undefined): readonly FieldError[] {
  if (old !== undefined) return [];
  const podSpec = objectOr(objectOr(objectOr(job.spec).template).spec);
  const field = "spec.template.spec.restartPolicy";
  const { restartPolicy = "Always" } = podSpec;
  return [
    ...podSpecErrors(podSpec, "spec.template.spec"),
    ...(restartPolicy === "Always"
      ? [required(field, `valid values: ${ENDING.map((each) => JSON.stringify(each)).join(", ")}`)]
      : oneOf(field, restartPolicy, ENDING)),
  ];
}

/** Rules of what makes pods from a template; `kind` is how messages call it. */
function workloadErrors(kind: string, strategyErrors: (spec: JsonObject) => FieldError[]) {
  return (object: JsonObject, old: KubeObject | undefined): readonly FieldError[] => {
    const spec = objectOr(object.spec);
    const template = objectOr(spec.template);
    const podSpec = objectOr(template.spec);
    const { selector } = spec;
    const isChanged = old !== undefined && !isEqual(selector ?? null, objectOr(old.spec).selector ?? null);
    return [
      ...(Number(spec.replicas ?? 0) < 0
        ? [wrong("spec.replicas", spec.replicas, "must be greater than or equal to 0")]
        : []),
      ...selectorErrors(selector, kind),
      ...labelErrors(selector, objectOr(template.metadata).labels),
      ...podSpecErrors(podSpec, "spec.template.spec"),
      ...(podSpec.restartPolicy === "Always" || !["OnFailure", "Never"].includes(String(podSpec.restartPolicy))
        ? []
        : oneOf("spec.template.spec.restartPolicy", podSpec.restartPolicy, ["Always"])),
      ...strategyErrors(spec),
      ...(isChanged ? [wrong("spec.selector", selector, "field is immutable")] : []),
    ];
  };
}

function selectorErrors(selector: Json | undefined, kind: string): FieldError[] {
  if (!isObject(selector)) return [required("spec.selector")];
  const { matchLabels, matchExpressions } = selector;
  const isEmpty =
    Object.keys(objectOr(matchLabels)).length === 0 && !(isList(matchExpressions) && matchExpressions.length > 0);
  return isEmpty ? [wrong("spec.selector", {}, `empty selector is invalid for ${kind}`)] : [];
}

function labelErrors(selector: Json | undefined, labels: Json | undefined): FieldError[] {
  const has = objectOr(labels);
  const wanted = Object.entries(objectOr(objectOr(selector).matchLabels));
  if (isObject(selector) && wanted.every(([name, value]) => has[name] === value)) return [];
  return [wrong("spec.template.metadata.labels", labels ?? null, MISMATCH)];
}
