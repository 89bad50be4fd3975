import { amountOf } from "./amount.ts";
import { isList, type Json, type JsonObject, objectOr, textOr } from "./json.ts";
import { variableErrors } from "./rules-env.ts";
import { securityErrors } from "./rules-security.ts";
import { mountsErrors } from "./rules-volumes.ts";
import { type FieldError, oneOf, required, wrong } from "./status.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const HIGHEST_PORT = 65_535;

/** What is wrong with a container beside its name; `volumes` are the names of its pod's. */
export function containerErrors(container: JsonObject, volumes: readonly string[], path: string): FieldError[] {
  return [
    ...(textOr(container.image) === "" ? [required(`${path}.image`)] : []),
    ...each(container.ports, (port, i) => portErrors(port, `${path}.ports[${i}]`)),
    ...each(container.env, (variable, i) => variableErrors(variable, `${path}.env[${i}]`)),
    ...mountsErrors(objectsOf(container.volumeMounts), volumes, `${path}.volumeMounts`),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...resourceErrors(objectOr(container.resources), `${path}.resources.requests`),
    ...securityErrors(container.securityContext, `${path}.securityContext`),
  ];
}

/** What is wrong with a container of a pod, and not of a template. */
export function imageErrors(container: JsonObject, path: string): FieldError[] {
  const image = textOr(container.image);
  return image === image.trim() ? [] : [wrong(`${path}.image`, image, "must not have leading or trailing whitespace")];
}

function portErrors({ containerPort, protocol }: JsonObject, path: string): FieldError[] {
  const field = `${path}.containerPort`;
  const number = Number(containerPort ?? 0);
  const isPort = number >= 1 && number <= HIGHEST_PORT;
  return [
    ...(number === 0
      ? [required(field)]
      : isPort
        ? []
        : [wrong(field, number, `must be between 1 and ${HIGHEST_PORT}, inclusive`)]),
    ...oneOf(`${path}.protocol`, protocol, PROTOCOLS),
  ];
}

function resourceErrors({ requests, limits }: JsonObject, field: string): FieldError[] {
  return Object.entries(objectOr(requests)).flatMap(([name, asked]) => {
    const limit = objectOr(limits)[name];
    if (limit === undefined || !(amountOf(asked) > amountOf(limit))) return [];
    return [wrong(field, String(asked), `must be less than or equal to ${name} limit of ${limit}`)];
  });
}

function each(list: Json | undefined, check: (item: JsonObject, i: number) => FieldError[]): FieldError[] {
  return objectsOf(list).flatMap(check);
}

function objectsOf(list: Json | undefined): readonly JsonObject[] {
  return isList(list) ? list.map(objectOr) : [];
}
