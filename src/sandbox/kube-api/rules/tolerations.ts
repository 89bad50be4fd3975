import { type JsonObject, textOr } from "../json.ts";
import { type FieldError, oneOf, wrong } from "../status.ts";
import { labelNameErrors } from "./names.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const FOR_A_TIME = "effect must be 'NoExecute' when `tolerationSeconds` is set";
const ANY = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

/** What is wrong with the taints that a pod bears. */
export function tolerationErrors(toleration: JsonObject, path: string): FieldError[] {
  const { tolerationSeconds: seconds } = toleration;
  const [key = "", operator, value, effect = ""] = ["key", "operator", "value", "effect"].map((name) =>
    textOr(toleration[name]),
  );
  const field = `${path}.operator`;
  return [
    ...(key === "" ? [] : labelNameErrors(`${path}.key`, key)),
    ...(key === "" && operator !== "Exists" ? [wrong(field, operator, ANY)] : []),
    ...((seconds ?? null) !== null && effect !== "NoExecute" ? [wrong(`${path}.effect`, effect, FOR_A_TIME)] : []),
    ...(operator === "Exists" && value !== ""
      ? [wrong(field, value, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...oneOf(field, operator || "Equal", ["Equal", "Exists"]),
    ...(effect === "" ? [] : oneOf(`${path}.effect`, effect, EFFECTS)),
  ];
}
