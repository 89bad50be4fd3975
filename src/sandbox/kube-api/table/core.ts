import { isList, isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { ageOf, duration, firstThree, formatLabels, numberOr, objectsIn, orNone, since } from "./format.ts";

// The cells of the core kinds' rows, in the order of their columns.

type Cells = (object: JsonObject, now: number) => readonly Json[];

export const nameOf = ({ metadata }: JsonObject): string => textOr(objectOr(metadata).name);
export const createdAt = ({ metadata }: JsonObject): string => textOr(objectOr(metadata).creationTimestamp);
const specOf = ({ spec }: JsonObject): JsonObject => objectOr(spec);
const countOf = (map: Json | undefined): number => (isObject(map) ? Object.keys(map).length : 0);

export const namespaceCells: Cells = (object, now) => [
  ...[nameOf(object), textOr(objectOr(object.status).phase), ageOf(object, now)],
];
export const secretCells: Cells = (object, now) => [
  ...[nameOf(object), textOr(object.type), String(countOf(object.data)), ageOf(object, now)],
];
export const configMapCells: Cells = (object, now) => {
  const size = countOf(object.data) + countOf(object.binaryData);
  return [nameOf(object), String(size), ageOf(object, now)];
};
export const accountCells: Cells = (object, now) => [
  nameOf(object),
  String(objectsIn(object.secrets).length),
  ageOf(object, now),
];
export const leaseCells: Cells = (object, now) => [
  nameOf(object),
  textOr(specOf(object).holderIdentity),
  ageOf(object, now),
];

export const nodeCells: Cells = (node, now) => {
  const { conditions, nodeInfo, addresses } = objectOr(node.status);
  const ready = objectsIn(conditions).find(({ type }) => type === "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  const info = objectOr(nodeInfo);
  const address = (wanted: string) => objectsIn(addresses).find(({ type }) => type === wanted)?.address;
  const unknown = (value: Json | undefined) => textOr(value) || "<unknown>";
  return [
    nameOf(node),
    specOf(node).unschedulable === true ? `${state},SchedulingDisabled` : state,
    orNone(rolesOf(node).join(",")),
    ageOf(node, now),
    textOr(info.kubeletVersion),
    orNone(textOr(address("InternalIP"))),
    orNone(textOr(address("ExternalIP"))),
    ...[info.osImage, info.kernelVersion, info.containerRuntimeVersion].map(unknown),
  ];
};

function rolesOf({ metadata }: JsonObject): readonly string[] {
  const found = Object.entries(objectOr(objectOr(metadata).labels)).flatMap(([name, value]) => {
    const [, role] = /^node-role\.kubernetes\.io\/(.+)$/.exec(name) ?? [];
    return role ?? (name === "kubernetes.io/role" ? textOr(value) : []);
  });
  return [...new Set(found.filter((role) => role !== ""))].sort();
}

export const serviceCells: Cells = (service, now) => {
  const { type, clusterIPs, ports, selector } = specOf(service);
  const [first] = isList(clusterIPs) ? clusterIPs : [];
  const opened = objectsIn(ports).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
  );
  return [
    nameOf(service),
    textOr(type),
    orNone(textOr(first)),
    externalAddress(service),
    orNone(opened.join(",")),
    ageOf(service, now),
    formatLabels(selector),
  ];
};

function externalAddress(service: JsonObject): string {
  const { type, externalIPs, externalName } = specOf(service);
  if (type === "ExternalName") return textOr(externalName);
  const { ingress } = objectOr(objectOr(service.status).loadBalancer);
  const balanced = objectsIn(ingress).map(({ ip, hostname }) => textOr(ip) || textOr(hostname));
  const all = [...(type === "LoadBalancer" ? balanced : []), ...(isList(externalIPs) ? externalIPs.map(String) : [])];
  if (all.length > 0) return all.join(",");
  return type === "LoadBalancer" ? "<pending>" : "<none>";
}

export const endpointsCells: Cells = (object, now) => {
  const all = objectsIn(object.subsets).flatMap(({ ports, addresses }) => {
    const ips = objectsIn(addresses).map(({ ip }) => String(ip));
    const numbers = objectsIn(ports).map(({ port }) => port);
    return numbers.length === 0 ? ips : numbers.flatMap((port) => ips.map((ip) => `${ip}:${port}`));
  });
  return [nameOf(object), firstThree(all), ageOf(object, now)];
};

export const sliceCells: Cells = (slice, now) => {
  const ports = objectsIn(slice.ports).map(({ port, name }) => String(port ?? name ?? "*"));
  const addresses = objectsIn(slice.endpoints).flatMap((each) =>
    isList(each.addresses) ? each.addresses.map(String) : [],
  );
  const shown = [ports, addresses].map((list) => (list.length === 0 ? "<unset>" : firstThree(list)));
  return [nameOf(slice), textOr(slice.addressType), ...shown, ageOf(slice, now)];
};

export const quotaCells: Cells = (object, now) => {
  const { hard, used } = objectOr(object.status);
  const all = Object.entries(objectOr(hard)).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = (isLimit: boolean) =>
    all
      .filter(([name]) => name.startsWith("limits.") === isLimit)
      .map(([name, most]) => `${name}: ${objectOr(used)[name] ?? 0}/${most}`)
      .join(", ");
  return [nameOf(object), shown(false), shown(true), ageOf(object, now)];
};

export const eventCells: Cells = (event, now) => {
  const { kind, name, fieldPath } = objectOr(event.involvedObject);
  const { component, host } = objectOr(event.source);
  const first = since(event.firstTimestamp ?? event.eventTime, now);
  const series = isObject(event.series) ? event.series : undefined;
  const last = event.lastTimestamp ? since(event.lastTimestamp, now) : first;
  const instance = textOr(host) || textOr(event.reportingInstance);
  const reporter = textOr(component) || textOr(event.reportingComponent);
  return [
    series === undefined ? last : since(series.lastObservedTime, now),
    textOr(event.type),
    textOr(event.reason),
    name ? `${textOr(kind).toLowerCase()}/${name}` : textOr(kind).toLowerCase(),
    textOr(fieldPath),
    instance === "" ? reporter : `${reporter}, ${instance}`,
    textOr(event.message).trim(),
    first,
    numberOr(series === undefined ? event.count : series.count) || 1,
    nameOf(event),
  ];
};

/** How long a job has been at it. */
export function jobDuration({ startTime, completionTime }: JsonObject, now: number): string {
  const start = Date.parse(textOr(startTime));
  if (Number.isNaN(start)) return "";
  const end = Date.parse(textOr(completionTime));
  return duration((Number.isNaN(end) ? now : end) - start);
}
