import { createHash } from "node:crypto";
import { isList, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import type { Strategy } from "../resource.ts";
import { eachOf, withMissing } from "./pod-defaults.ts";

/** Services get their addresses at once; nothing here routes to them. */
export const serviceStrategy: Strategy = {
  prepare: (object, old) => ({
    ...object,
    spec: serviceSpec(object, old),
    status: object.status ?? { loadBalancer: {} },
  }),
};

function serviceSpec(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const spec = withMissing(objectOr(object.spec), { type: "ClusterIP", sessionAffinity: "None" });
  const ports = eachOf(spec.ports, (port) => withMissing(port, { protocol: "TCP", targetPort: port.port }));
  if (spec.type === "ExternalName") return { ...spec, ports };
  const had = objectOr(old?.spec);
  const isOpen = spec.type === "NodePort" || spec.type === "LoadBalancer";
  const address = textOr(spec.clusterIP) || textOr(had.clusterIP) || addressOf(object);
  const filled = withMissing(spec, {
    clusterIP: address,
    clusterIPs: [address],
    internalTrafficPolicy: "Cluster",
    ...familiesOf(spec),
    ...(isOpen && { externalTrafficPolicy: "Cluster" }),
    ...(spec.type === "LoadBalancer" && { allocateLoadBalancerNodePorts: true }),
  });
  const opened = isOpen
    ? eachOf(ports, (port) => withMissing(port, { nodePort: nodePortOf(object, had, port) }))
    : ports;
  return { ...filled, ports: opened };
}

/** A service that selects no pods and has no address takes what its endpoints have. */
function familiesOf({ clusterIP, selector }: JsonObject): JsonObject {
  const isAny = clusterIP === "None" && Object.keys(objectOr(selector)).length === 0;
  return isAny
    ? { ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" }
    : { ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" };
}

/** An address of 10.96.0.0/16 that the service keeps: out of its UID. */
function addressOf({ metadata }: JsonObject): string {
  const [a = 0, b = 0] = hashOf(objectOr(metadata).uid);
  return `10.96.${a}.${Math.max(b, 2) % 255}`;
}

function nodePortOf({ metadata }: JsonObject, had: JsonObject, { port }: JsonObject): number {
  const same = (isList(had.ports) ? had.ports : []).map(objectOr).find((other) => other.port === port);
  if (typeof same?.nodePort === "number") return same.nodePort;
  const [a = 0, b = 0] = hashOf(`${objectOr(metadata).uid} ${port}`);
  return 30_000 + ((a * 256 + b) % 2768);
}

function hashOf(text: unknown): Buffer {
  return createHash("sha256").update(String(text)).digest();
}
