import { isList, isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";

/** The object with what it lacks; null counts as lacking. */
export function withMissing(object: JsonObject, defaults: JsonObject): JsonObject {
  const there = Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));
  return { ...defaults, ...there };
}

/** Changes each object of a list that is there. */
export function eachOf(list: Json | undefined, change: (item: JsonObject) => JsonObject): Json | undefined {
  return isList(list) ? list.map((item) => (isObject(item) ? change(item) : item)) : list;
}

/** The object with a field changed where it has one. */
export function within(object: JsonObject, name: string, change: (field: JsonObject) => JsonObject): JsonObject {
  const field = object[name];
  return isObject(field) ? { ...object, [name]: change(field) } : object;
}

/** A pod's spec, or a template's, with the API server's defaults. */
export function podSpecDefaults(spec: JsonObject): JsonObject {
  const filled = withMissing(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  const account = textOr(filled.serviceAccountName) || textOr(filled.serviceAccount);
  const onHost = filled.hostNetwork === true;
  return {
    ...filled,
    ...(account !== "" && { serviceAccountName: account, serviceAccount: account }),
    containers: eachOf(filled.containers, (container) => containerDefaults(container, onHost)),
    initContainers: eachOf(filled.initContainers, (container) => containerDefaults(container, onHost)),
    volumes: eachOf(filled.volumes, volumeDefaults),
  };
}

/** `spec.template` of what makes pods. */
export function templateDefaults(spec: JsonObject): JsonObject {
  return within(spec, "template", (template) => ({ ...template, spec: podSpecDefaults(objectOr(template.spec)) }));
}

function containerDefaults(container: JsonObject, onHost: boolean): JsonObject {
  const filled = withMissing(container, {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isLatest(textOr(container.image)) ? "Always" : "IfNotPresent",
  });
  const probed = ["livenessProbe", "readinessProbe", "startupProbe"].reduce(
    (object, name) => within(object, name, probeDefaults),
    filled,
  );
  return {
    ...within(probed, "resources", resourceDefaults),
    ports: eachOf(filled.ports, (port) => portDefaults(port, onHost)),
    env: eachOf(filled.env, (variable) => within(variable, "valueFrom", fieldDefaults)),
  };
}

function isLatest(image: string): boolean {
  return !/[:@][^/]*$/.test(image) || image.endsWith(":latest");
}

function portDefaults(port: JsonObject, onHost: boolean): JsonObject {
  const { containerPort } = port;
  return withMissing(port, { protocol: "TCP", ...(onHost && { hostPort: containerPort }) });
}

function probeDefaults(probe: JsonObject): JsonObject {
  const filled = withMissing(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  const asked = within(filled, "httpGet", (get) => withMissing(get, { path: "/", scheme: "HTTP" }));
  return within(asked, "grpc", (grpc) => withMissing(grpc, { service: "" }));
}

/** What is limited is asked for too, where nothing else is said. */
function resourceDefaults(resources: JsonObject): JsonObject {
  const { limits, requests } = resources;
  return isObject(limits) ? { ...resources, requests: { ...limits, ...objectOr(requests) } } : resources;
}

function fieldDefaults(source: JsonObject): JsonObject {
  const named = within(source, "fieldRef", (ref) => withMissing(ref, { apiVersion: "v1" }));
  return within(named, "resourceFieldRef", (ref) => withMissing(ref, { divisor: "0" }));
}

const READABLE = 0o644;

const volumeForms: Readonly<Record<string, (volume: JsonObject) => JsonObject>> = {
  secret: (volume) => withMissing(volume, { defaultMode: READABLE }),
  configMap: (volume) => withMissing(volume, { defaultMode: READABLE }),
  downwardAPI: (volume) =>
    withMissing({ ...volume, items: eachOf(volume.items, fieldDefaults) }, { defaultMode: READABLE }),
  projected: (volume) =>
    withMissing({ ...volume, sources: eachOf(volume.sources, projectionDefaults) }, { defaultMode: READABLE }),
  hostPath: (volume) => withMissing(volume, { type: "" }),
};

function volumeDefaults(volume: JsonObject): JsonObject {
  const form = Object.keys(volume).find((name) => name !== "name");
  if (form === undefined) return { ...volume, emptyDir: {} };
  return within(volume, form, volumeForms[form] ?? ((same) => same));
}

function projectionDefaults(source: JsonObject): JsonObject {
  const tokens = within(source, "serviceAccountToken", (token) => withMissing(token, { expirationSeconds: 3600 }));
  return within(tokens, "downwardAPI", (down) => ({ ...down, items: eachOf(down.items, fieldDefaults) }));
}
