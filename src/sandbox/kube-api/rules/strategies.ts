import { isObject, type JsonObject, objectOr } from "../json.ts";
import { belowZero, type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";

const TYPES = ["Recreate", "RollingUpdate"];

/** What is wrong with how a deployment changes its pods, and how long it waits for them. */
export function deploymentStrategyErrors(spec: JsonObject): FieldError[] {
  const { type, rollingUpdate } = objectOr(spec.strategy);
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  return [
    ...(type === "Recreate" && isObject(rollingUpdate)
      ? [notAllowed("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")]
      : []),
    ...(TYPES.includes(String(type))
      ? []
      : oneOf("spec.strategy", { Type: type, RollingUpdate: rollingUpdate ?? null }, TYPES)),
    ...["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"].flatMap((name) =>
      belowZero(`spec.${name}`, spec[name]),
    ),
    ...(typeof deadline === "number" && deadline <= Number(minReadySeconds)
      ? [wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")]
      : []),
  ];
}

/** What is wrong with how a daemon set changes its pods: before the old ones end or after, one of the two. */
export function daemonSetStrategyErrors(spec: JsonObject): FieldError[] {
  const { type, rollingUpdate } = objectOr(spec.updateStrategy);
  const { maxUnavailable, maxSurge } = objectOr(rollingUpdate);
  const field = "spec.updateStrategy.rollingUpdate.maxUnavailable";
  if (type !== "RollingUpdate" || !isNone(maxUnavailable) || !isNone(maxSurge)) return [];
  return [required(field, "cannot be 0 when maxSurge is 0")];
}

function isNone(count: unknown): boolean {
  return count === 0 || count === "0%";
}
