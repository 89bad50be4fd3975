import { amountOf } from "./amount.ts";
import { isList, type Json, type JsonObject, objectOr, textOr } from "./json.ts";
import { type FieldError, notThere, oneOf, required, wrong } from "./status.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const HIGHEST_PORT = 65_535;

/** What is wrong with a container beside its name; `volumes` are the names of its pod's. */
export function containerErrors(container: JsonObject, volumes: readonly string[], path: string): FieldError[] {
  const image = textOr(container.image);
  return [
    ...(image === "" ? [required(`${path}.image`)] : []),
    ...(image === image.trim() ? [] : [wrong(`${path}.image`, image, "must not have leading or trailing whitespace")]),
    ...each(container.ports, (port, i) => portErrors(port, `${path}.ports[${i}]`)),
    ...each(container.env, ({ name }, i) => (textOr(name) === "" ? [required(`${path}.env[${i}].name`)] : [])),
    ...each(container.volumeMounts, (mount, i) => mountErrors(mount, volumes, `${path}.volumeMounts[${i}]`)),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...resourceErrors(objectOr(container.resources), `${path}.resources.requests`),
  ];
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

function mountErrors({ name, mountPath }: JsonObject, volumes: readonly string[], path: string): FieldError[] {
  const volume = textOr(name);
  return [
    ...(volume === "" ? [required(`${path}.name`)] : []),
    ...(volume === "" || volumes.includes(volume) ? [] : [notThere(`${path}.name`, volume)]),
    ...(textOr(mountPath) === "" ? [required(`${path}.mountPath`)] : []),
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
  return isList(list) ? list.flatMap((item, i) => check(objectOr(item), i)) : [];
}
