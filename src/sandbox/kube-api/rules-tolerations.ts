import { type JsonObject, textOr } from "./json.ts";
import { type FieldError, oneOf, wrong } from "./status.ts";

const ANY = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

/** What is wrong with the taints that a pod bears. */
export function tolerationErrors(toleration: JsonObject, path: string): FieldError[] {
  const [key, operator, value] = [toleration.key, toleration.operator, toleration.value].map(textOr);
  const field = `${path}.operator`;
  return [
    ...(key === "" && operator !== "Exists" ? [wrong(field, operator, ANY)] : []),
    ...(operator === "Exists" && value !== ""
      ? [wrong(field, value, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...oneOf(field, operator || "Equal", ["Equal", "Exists"]),
  ];
}
