import { isObject, type Json, type JsonObject, textOr } from "./json.ts";
import { type FieldError, oneOf, required, wrong } from "./status.ts";

const PRINTABLE = /^[\x20-\x3c\x3e-\x7e]+$/;
const NAME_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"];
const FIELDS = [
  ...["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"],
  ...["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"],
];
/** Fields that a volume may show, and an environment may not. */
const ELSEWHERE = [
  ...["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"],
];
const SUBSCRIPTED = /^metadata\.(annotations|labels)\['[^']+'\]$/;

/** What is wrong with a variable of an environment. */
export function variableErrors(variable: JsonObject, path: string): FieldError[] {
  const name = textOr(variable.name);
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...(name === "" || PRINTABLE.test(name) ? [] : [wrong(`${path}.name`, name, NAME_RULE)]),
    ...sourceErrors(variable, `${path}.valueFrom`),
  ];
}

function sourceErrors({ value, valueFrom }: JsonObject, path: string): FieldError[] {
  if (!isObject(valueFrom)) return [];
  const count = SOURCES.filter((name) => isObject(valueFrom[name])).length;
  const fields = isObject(valueFrom.fieldRef) ? fieldErrors(valueFrom.fieldRef.fieldPath, `${path}.fieldRef`) : [];
  if (count > 0 && textOr(value) !== "") {
    return [...fields, wrong(path, "", "may not be specified when `value` is not empty")];
  }
  return count > 1 ? [...fields, wrong(path, "", "may not have more than one field specified at a time")] : fields;
}

function fieldErrors(fieldPath: Json | undefined, path: string): FieldError[] {
  const field = `${path}.fieldPath`;
  const asked = textOr(fieldPath);
  if (asked === "") return [required(field)];
  if (SUBSCRIPTED.test(asked)) return [];
  const meant = asked === "spec.host" ? "spec.nodeName" : asked;
  if (FIELDS.includes(meant) || ELSEWHERE.includes(meant)) return oneOf(field, meant, FIELDS);
  return [wrong(field, asked, `error converting fieldPath: field label not supported: ${asked}`)];
}
