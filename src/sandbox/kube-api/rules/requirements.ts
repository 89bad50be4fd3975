import { isList, type JsonObject, textOr } from "../json.ts";
import { type FieldError, notAllowed, required, wrong } from "../status.ts";
import { labelNameErrors } from "./names.ts";

const OF_VALUES = "must be specified when `operator` is 'In' or 'NotIn'";
const OF_NONE = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
const OF_ONE = "must be specified single value when `operator` is 'Lt' or 'Gt'";

/** What is wrong with one expression about labels; nodes' labels may be compared as numbers too. */
export function requirementErrors(asked: JsonObject, path: string, comparing: boolean): FieldError[] {
  const { key, operator, values } = asked;
  const count = isList(values) ? values.length : 0;
  const ill = operatorErrors(textOr(operator), count, path, comparing);
  return [...ill, ...labelNameErrors(`${path}.key`, textOr(key))];
}

function operatorErrors(operator: string, count: number, path: string, comparing: boolean): FieldError[] {
  const field = `${path}.values`;
  if (operator === "In" || operator === "NotIn") return count > 0 ? [] : [required(field, OF_VALUES)];
  if (operator === "Exists" || operator === "DoesNotExist") return count === 0 ? [] : [notAllowed(field, OF_NONE)];
  if (comparing && (operator === "Gt" || operator === "Lt")) return count === 1 ? [] : [required(field, OF_ONE)];
  return [wrong(`${path}.operator`, operator, "not a valid selector operator")];
}
