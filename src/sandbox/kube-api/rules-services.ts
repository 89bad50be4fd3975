import { isList, type Json, type JsonObject, objectOr } from "./json.ts";
import { type FieldError, oneOf, wrong } from "./status.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const HIGHEST_PORT = 65_535;

/** What is wrong with a service's ports and type. */
export function serviceErrors({ spec }: JsonObject): readonly FieldError[] {
  const { ports, type } = objectOr(spec);
  const list = isList(ports) ? ports.map(objectOr) : [];
  return [
    ...list.flatMap(({ port, protocol, targetPort }, i) => [
      ...numberErrors(port ?? 0, `spec.ports[${i}].port`),
      ...oneOf(`spec.ports[${i}].protocol`, protocol, PROTOCOLS),
      ...numberErrors(targetPort, `spec.ports[${i}].targetPort`),
    ]),
    ...oneOf("spec.type", type, TYPES),
  ];
}

/** Names of ports are numbers nowhere. */
function numberErrors(port: Json | undefined, field: string): FieldError[] {
  if (typeof port !== "number" || (port >= 1 && port <= HIGHEST_PORT)) return [];
  return [wrong(field, port, `must be between 1 and ${HIGHEST_PORT}, inclusive`)];
}
