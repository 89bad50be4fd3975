import { type Json, type JsonObject, textOr } from "../json.ts";
import { duplicate, type FieldError, oneOf, required, wrong } from "../status.ts";

export const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const HIGHEST_PORT = 65_535;

const LONGEST_NAME = 15;
/** What the name of a port is held to, in the API server's order. */
const nameRules: readonly (readonly [isBroken: (name: string) => boolean, rule: string])[] = [
  [(name) => name.length > LONGEST_NAME, `must be no more than ${LONGEST_NAME} characters`],
  [(name) => !/^[-a-z0-9]+$/.test(name), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"],
  [(name) => !/[a-z]/.test(name), "must contain at least one letter (a-z)"],
  [(name) => name.includes("--"), "must not contain consecutive hyphens"],
  [(name) => /^-|-$/.test(name), "must not begin or end with a hyphen"],
];

/** What is wrong with the ports of a container. */
export function containerPortsErrors(ports: readonly JsonObject[], path: string): FieldError[] {
  const names = ports.map(({ name }) => textOr(name));
  return ports.flatMap(({ containerPort, hostPort, protocol }, i) => {
    const at = `${path}[${i}]`;
    const name = names[i] ?? "";
    const ill = name === "" ? [] : portNameErrors(`${at}.name`, name);
    const isTaken = name !== "" && ill.length === 0 && names.indexOf(name) < i;
    return [
      ...ill,
      ...(isTaken ? [duplicate(`${at}.name`, name)] : []),
      ...(Number(containerPort ?? 0) === 0
        ? [required(`${at}.containerPort`)]
        : portNumberErrors(`${at}.containerPort`, containerPort)),
      ...(Number(hostPort ?? 0) === 0 ? [] : portNumberErrors(`${at}.hostPort`, hostPort)),
      ...oneOf(`${at}.protocol`, protocol, PROTOCOLS),
    ];
  });
}

/** What is wrong with a port that may also be called by its name. */
export function portErrors(field: string, port: Json | undefined): FieldError[] {
  return typeof port === "string" ? portNameErrors(field, port) : portNumberErrors(field, port ?? 0);
}

export function portNumberErrors(field: string, port: Json | undefined): FieldError[] {
  if (typeof port !== "number" || (port >= 1 && port <= HIGHEST_PORT)) return [];
  return [wrong(field, port, `must be between 1 and ${HIGHEST_PORT}, inclusive`)];
}

function portNameErrors(field: string, name: string): FieldError[] {
  return nameRules.flatMap(([isBroken, rule]) => (isBroken(name) ? [wrong(field, name, rule)] : []));
}
