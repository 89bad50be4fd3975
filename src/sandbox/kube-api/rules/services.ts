import { type JsonObject, objectOr, objectsOf, textOr } from "../json.ts";
import { duplicate, type FieldError, oneOf, required } from "../status.ts";
import { labelErrors, labelsErrors } from "./names.ts";
import { PROTOCOLS, portErrors, portNumberErrors } from "./ports.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/** What is wrong with a service's ports, selector and type. */
export function serviceErrors({ spec }: JsonObject): readonly FieldError[] {
  const { ports, type, selector, clusterIP } = objectOr(spec);
  const list = objectsOf(ports);
  const isWithout = type === "ExternalName" || clusterIP === "None";
  return [
    ...(list.length === 0 && !isWithout ? [required("spec.ports")] : []),
    ...list.flatMap((port, i) => portOfServiceErrors(port, i, list)),
    ...labelsErrors("spec.selector", selector),
    ...oneOf("spec.type", type, TYPES),
  ];
}

/** One of several has a name of its own. */
function portOfServiceErrors(one: JsonObject, i: number, all: readonly JsonObject[]): FieldError[] {
  const at = `spec.ports[${i}]`;
  const name = textOr(one.name);
  const isTaken = name !== "" && all.findIndex((other) => other.name === name) < i;
  return [
    ...(name === "" && all.length > 1 ? [required(`${at}.name`)] : []),
    ...(name === "" ? [] : labelErrors(`${at}.name`, name)),
    ...(isTaken ? [duplicate(`${at}.name`, name)] : []),
    ...portNumberErrors(`${at}.port`, one.port ?? 0),
    ...oneOf(`${at}.protocol`, one.protocol, PROTOCOLS),
    ...portErrors(`${at}.targetPort`, one.targetPort),
  ];
}
