import { isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { type FieldError, oneOf, required, wrong } from "../status.ts";
import { mapKeyErrors, subdomainErrors } from "./names.ts";

const PRINTABLE = /^[\x20-\x3c\x3e-\x7e]+$/;
const NAME_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const FIELDS = [
  ...["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"],
  ...["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"],
];
/** Fields that a volume may show, and an environment may not. */
const ELSEWHERE = [
  ...["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"],
];
const AMOUNTS = ["limits", "requests"].flatMap((part) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${part}.${name}`),
);
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
  const there = Object.entries(sourceRules).filter(([name]) => isObject(valueFrom[name]));
  const errors = there.flatMap(([name, rules]) => rules(objectOr(valueFrom[name]), `${path}.${name}`));
  if (there.length === 0) return [wrong(path, "", NO_SOURCE)];
  if (textOr(value) !== "") return [...errors, wrong(path, "", "may not be specified when `value` is not empty")];
  return there.length > 1 ? [...errors, wrong(path, "", SEVERAL)] : errors;
}

const NO_SOURCE = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
const SEVERAL = "may not have more than one field specified at a time";

const sourceRules: Readonly<Record<string, (source: JsonObject, path: string) => FieldError[]>> = {
  fieldRef: ({ fieldPath }, path) => fieldErrors(fieldPath, path),
  resourceFieldRef: ({ resource }, path) =>
    textOr(resource) === "" ? [required(`${path}.resource`)] : oneOf(`${path}.resource`, resource, AMOUNTS),
  configMapKeyRef: keyRefErrors,
  secretKeyRef: keyRefErrors,
};

function keyRefErrors({ name, key }: JsonObject, path: string): FieldError[] {
  const asked = textOr(key);
  return [
    ...subdomainErrors(`${path}.name`, textOr(name)),
    ...(asked === "" ? [required(`${path}.key`)] : mapKeyErrors(`${path}.key`, asked)),
  ];
}

/** What is wrong with what a container has all keys of; `path` is the whole list's. */
export function variablesErrors(source: JsonObject, i: number, path: string): FieldError[] {
  const prefix = textOr(source.prefix);
  const there = ["configMapRef", "secretRef"].filter((name) => isObject(source[name]));
  const unnamed = there.filter((name) => textOr(objectOr(source[name]).name) === "");
  return [
    ...(prefix === "" || PRINTABLE.test(prefix) ? [] : [wrong(`${path}[${i}].prefix`, prefix, NAME_RULE)]),
    ...unnamed.map((name) => required(`${path}[${i}].${name}.name`)),
    ...(there.length === 0 ? [wrong(path, "", "must specify one of: `configMapRef` or `secretRef`")] : []),
    ...(there.length > 1 ? [wrong(path, "", SEVERAL)] : []),
  ];
}

/** What is wrong with a field of the pod that is shown; `shown` are those that may be there. */
export function fieldErrors(
  fieldPath: Json | undefined,
  path: string,
  shown: readonly string[] = FIELDS,
): FieldError[] {
  const field = `${path}.fieldPath`;
  const asked = textOr(fieldPath);
  if (asked === "") return [required(field)];
  if (SUBSCRIPTED.test(asked)) return [];
  const meant = asked === "spec.host" ? "spec.nodeName" : asked;
  if (FIELDS.includes(meant) || ELSEWHERE.includes(meant)) return oneOf(field, meant, shown);
  return [wrong(field, asked, `error converting fieldPath: field label not supported: ${asked}`)];
}
