import { isObject, type Json, type JsonObject, objectsOf, textOr } from "../json.ts";
import { type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";
import { fieldErrors } from "./env.ts";

const MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive";
const HIGHEST_MODE = 0o777;
const HOST_PATHS = [
  ...["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"],
];
const SHOWN = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const SHORTEST_TOKEN = 600;

type Rules = (source: JsonObject, path: string) => readonly FieldError[];
const free: Rules = () => [];

/** The forms of volumes, in the order in which the API server looks at them. */
const forms: Readonly<Record<string, Rules>> = {
  emptyDir: free,
  hostPath: hostPathErrors,
  ...freely("gitRepo", "gcePersistentDisk", "awsElasticBlockStore"),
  secret: (source, path) => [...namedErrors(source.secretName, `${path}.secretName`), ...keysErrors(source, path)],
  ...freely("nfs", "iscsi", "glusterfs", "flocker"),
  persistentVolumeClaim: ({ claimName }, path) => namedErrors(claimName, `${path}.claimName`),
  ...freely("rbd", "cinder", "cephfs", "quobyte"),
  downwardAPI: (source, path) => [
    ...modeErrors(source.defaultMode, `${path}.defaultMode`),
    ...filesErrors(source, path),
  ],
  ...freely("fc", "flexVolume"),
  configMap: (source, path) => [...namedErrors(source.name, `${path}.name`), ...keysErrors(source, path)],
  ...freely("azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos"),
  projected: projectedErrors,
  ...freely("scaleIO", "csi", "ephemeral", "image"),
};

/** How the API server calls some of them when they are one too many. */
const CALLED: Readonly<Record<string, string>> = { cephfs: "cephFS", downwardAPI: "downwarAPI" };

function freely(...names: readonly string[]): Readonly<Record<string, Rules>> {
  return Object.fromEntries(names.map((name) => [name, free]));
}

/** What is wrong with what a volume is made of: one thing. */
export function sourceErrors(volume: JsonObject, path: string): FieldError[] {
  const there = Object.entries(forms).filter(([name]) => isObject(volume[name]));
  return there.flatMap(([name, rules], i) => {
    const source = volume[name];
    if (i > 0) return [notAllowed(`${path}.${CALLED[name] ?? name}`, "may not specify more than 1 volume type")];
    return isObject(source) ? rules(source, `${path}.${name}`) : [];
  });
}

function hostPathErrors({ path: given, type }: JsonObject, field: string): FieldError[] {
  const path = textOr(given);
  if (path === "") return [required(`${field}.path`)];
  return [...backstepErrors(path, `${field}.path`), ...oneOf(`${field}.type`, type ?? "", HOST_PATHS)];
}

function projectedErrors({ defaultMode, sources }: JsonObject, path: string): FieldError[] {
  return [
    ...modeErrors(defaultMode, `${path}.defaultMode`),
    ...objectsOf(sources).flatMap((source, i) => projectionErrors(source, `${path}.sources[${i}]`, path)),
  ];
}

function projectionErrors(source: JsonObject, at: string, path: string): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source;
  const there = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
  const named = (form: Json | undefined, field: string) =>
    isObject(form) ? [...namedErrors(form.name, `${field}.name`), ...itemsErrors(form.items, `${field}.items`)] : [];
  return [
    ...named(secret, `${at}.secret`),
    ...named(configMap, `${at}.configMap`),
    ...(isObject(downwardAPI) ? filesErrors(downwardAPI, `${at}.downwardAPI`) : []),
    ...(isObject(token) ? tokenErrors(token, `${at}.serviceAccountToken`, path) : []),
    ...(there.filter((name) => isObject(source[name])).length > 1
      ? [notAllowed(at, "may not specify more than 1 volume type per source")]
      : []),
  ];
}

/** The path of the token is called after the volume. */
function tokenErrors({ expirationSeconds, path: given }: JsonObject, at: string, volume: string): FieldError[] {
  const isShort = Number(expirationSeconds) < SHORTEST_TOKEN;
  const path = textOr(given);
  return [
    ...(isShort
      ? [wrong(`${at}.expirationSeconds`, expirationSeconds, "may not specify a duration less than 10 minutes")]
      : []),
    ...(path === "" ? [required(`${volume}.path`)] : fileErrors(path, `${volume}.path`)),
  ];
}

function keysErrors({ defaultMode, items }: JsonObject, path: string): FieldError[] {
  return [...modeErrors(defaultMode, `${path}.defaultMode`), ...itemsErrors(items, `${path}.items`)];
}

function itemsErrors(items: Json | undefined, path: string): FieldError[] {
  return objectsOf(items).flatMap(({ key, path: to, mode }, i) => [
    ...namedErrors(key, `${path}[${i}].key`),
    ...namedErrors(to, `${path}[${i}].path`),
    ...fileErrors(textOr(to), `${path}[${i}].path`),
    ...modeErrors(mode, `${path}[${i}].mode`),
  ]);
}

/** Files that show a field of the pod; messages do not say which. */
function filesErrors({ items }: JsonObject, path: string): FieldError[] {
  return objectsOf(items).flatMap(({ path: to, fieldRef, resourceFieldRef, mode }) => [
    ...namedErrors(to, `${path}.path`),
    ...fileErrors(textOr(to), `${path}.path`),
    ...(isObject(fieldRef) ? fieldErrors(fieldRef.fieldPath, `${path}.fieldRef`, SHOWN) : []),
    ...(isObject(fieldRef) || isObject(resourceFieldRef)
      ? []
      : [required(path, "one of fieldRef and resourceFieldRef is required")]),
    ...modeErrors(mode, `${path}.mode`),
  ]);
}

function namedErrors(name: Json | undefined, field: string): FieldError[] {
  return textOr(name) === "" ? [required(field)] : [];
}

function modeErrors(mode: Json | undefined, field: string): FieldError[] {
  const isMode = typeof mode !== "number" || (mode >= 0 && mode <= HIGHEST_MODE);
  return isMode ? [] : [wrong(field, mode, MODE_RULE)];
}

/** What is wrong with a path that has to stay below a volume. */
export function belowErrors(path: string, field: string): FieldError[] {
  return [
    ...(path.startsWith("/") ? [wrong(field, path, "must be a relative path")] : []),
    ...backstepErrors(path, field),
  ];
}

/** The same of a file that a volume gets: names with two dots first are the kubelet's own. */
function fileErrors(path: string, field: string): FieldError[] {
  const isReserved = path.startsWith("..") && !path.startsWith("../");
  return [...belowErrors(path, field), ...(isReserved ? [wrong(field, path, "must not start with '..'")] : [])];
}

function backstepErrors(path: string, field: string): FieldError[] {
  return path.split("/").includes("..") ? [wrong(field, path, "must not contain '..'")] : [];
}
