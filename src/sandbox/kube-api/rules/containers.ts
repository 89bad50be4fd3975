import { type Json, type JsonObject, objectOr, objectsOf, textOr } from "../json.ts";
import { type FieldError, oneOf, required, wrong } from "../status.ts";
import { variableErrors, variablesErrors } from "./env.ts";
import { containerPortsErrors } from "./ports.ts";
import { resourceErrors } from "./resources.ts";
import { securityErrors } from "./security.ts";
import { mountsErrors } from "./volumes.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];

/** What is wrong with a container beside its name; `volumes` are the names of its pod's. */
export function containerErrors(container: JsonObject, volumes: readonly string[], path: string): FieldError[] {
  return [
    ...(textOr(container.image) === "" ? [required(`${path}.image`)] : []),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES),
    ...containerPortsErrors(objectsOf(container.ports), `${path}.ports`),
    ...each(container.env, (variable, i) => variableErrors(variable, `${path}.env[${i}]`)),
    ...each(container.envFrom, (source, i) => variablesErrors(source, i, `${path}.envFrom`)),
    ...mountsErrors(objectsOf(container.volumeMounts), volumes, `${path}.volumeMounts`),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...resourceErrors(objectOr(container.resources), `${path}.resources`),
    ...securityErrors(container.securityContext, `${path}.securityContext`),
  ];
}

/** What is wrong with a container of a pod, and not of a template. */
export function imageErrors(container: JsonObject, path: string): FieldError[] {
  const image = textOr(container.image);
  return image === image.trim() ? [] : [wrong(`${path}.image`, image, "must not have leading or trailing whitespace")];
}

function each(list: Json | undefined, check: (item: JsonObject, i: number) => FieldError[]): FieldError[] {
  return objectsOf(list).flatMap(check);
}
