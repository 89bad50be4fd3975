import { isObject, type Json, objectOr, objectsOf } from "../json.ts";
import { type FieldError, required } from "../status.ts";
import { requirementErrors } from "./requirements.ts";

/** What is wrong with the nodes that a pod has to be on. */
export function affinityErrors(affinity: Json | undefined, path: string): FieldError[] {
  const asked = objectOr(objectOr(affinity).nodeAffinity).requiredDuringSchedulingIgnoredDuringExecution;
  if (!isObject(asked)) return [];
  const field = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const terms = objectsOf(asked.nodeSelectorTerms);
  if (terms.length === 0) return [required(field, "must have at least one node selector term")];
  return terms.flatMap(({ matchExpressions }, i) =>
    objectsOf(matchExpressions).flatMap((each, j) =>
      requirementErrors(each, `${field}[${i}].matchExpressions[${j}]`, true),
    ),
  );
}
