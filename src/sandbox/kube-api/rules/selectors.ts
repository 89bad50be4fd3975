import { isList, isObject, type Json, type JsonObject, objectOr, objectsOf, textOr } from "../json.ts";
import { type FieldError, wrong } from "../status.ts";
import { labelsErrors } from "./names.ts";
import { requirementErrors } from "./requirements.ts";

const MISMATCH = "`selector` does not match template `labels`";

/** What is wrong with the selector of what makes pods; `kind` is how messages call it. */
export function selectorErrors(selector: Json | undefined, kind: string): FieldError[] {
  if (!isObject(selector)) return [];
  const { matchLabels, matchExpressions } = selector;
  const asked = objectsOf(matchExpressions);
  const isEmpty = Object.keys(objectOr(matchLabels)).length === 0 && asked.length === 0;
  return [
    ...labelsErrors("spec.selector.matchLabels", matchLabels),
    ...asked.flatMap((each, i) => requirementErrors(each, `spec.selector.matchExpressions[${i}]`, false)),
    ...(isEmpty ? [wrong("spec.selector", {}, `empty selector is invalid for ${kind}`)] : []),
  ];
}

/** The error of a template whose pods the selector would not find; without a selector it finds none. */
export function mismatchErrors(selector: Json | undefined, labels: Json | undefined): FieldError[] {
  const has = objectOr(labels);
  const { matchLabels, matchExpressions } = objectOr(selector);
  const isSame = Object.entries(objectOr(matchLabels)).every(([name, value]) => has[name] === value);
  const isFound = isObject(selector) && isSame && objectsOf(matchExpressions).every((each) => isMet(each, has));
  return isFound ? [] : [wrong("spec.template.metadata.labels", labels ?? null, MISMATCH)];
}

function isMet({ key, operator, values }: JsonObject, labels: JsonObject): boolean {
  const label = labels[textOr(key)];
  const isListed = label !== undefined && isList(values) && values.includes(label);
  if (operator === "In") return isListed;
  if (operator === "NotIn") return !isListed;
  return (operator === "Exists") === (label !== undefined);
}
