import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { HostPathVolumeSource, KeyToPath, Pod, Volume } from "kubernetes-types/core/v1.d.ts";
import { fieldText } from "./environment.ts";
import type { PodSources } from "./sources.ts";
import { NotYetError, UnsupportedError } from "./unsupported.ts";

export type VolumeHost = {
  /** Where the pod's own volumes are. */
  readonly folder: string;
  /** The folder that stands for the node's file system. */
  readonly root: string;
  readonly sources: PodSources;
  readonly signal: AbortSignal;
};

const OWNER_ONLY = { mode: 0o600 };
/** What the kernel shows is the machine's, or its network's. */
const KERNEL = /^\/(proc|sys)(\/|$)/;

/**
 * Makes the volumes of a pod, as folders and files; the result is where each is. What is written into them is what holds
 * at the start of the pod. @throws UnsupportedError or NotYetError
 */
export async function makeVolumes(pod: Pod, host: VolumeHost): Promise<ReadonlyMap<string, string>> {
  const made = (pod.spec?.volumes ?? []).map(
    async (volume) => [volume.name, await makeVolume(pod, volume, host)] as const,
  );
  return new Map(await Promise.all(made));
}

async function makeVolume(pod: Pod, volume: Volume, host: VolumeHost): Promise<string> {
  const lacks = (reason: Error) => Promise.reject(lacking(volume, reason));
  if (volume.hostPath !== undefined) return await hostPath(volume.hostPath, host.root).catch(lacks);
  const folder = join(host.folder, volume.name);
  const files = await filesOf(pod, volume, host).catch(lacks);
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) {
    const file = join(folder, posix.normalize(`/${name}`));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, OWNER_ONLY);
  }
  return folder;
}

/** What cannot be made yet says which volume it is. */
function lacking({ name }: Volume, reason: Error): Error {
  return reason instanceof NotYetError ? new NotYetError(reason.message, name) : reason;
}

async function hostPath({ path, type = "" }: HostPathVolumeSource, root: string): Promise<string> {
  if (path.split("/").includes("..")) {
    throw new UnsupportedError("CreateContainerConfigError", `hostPath "${path}" must not contain '..'`);
  }
  const file = KERNEL.test(path) ? path : join(root, posix.normalize(path));
  const found = await stat(file).catch(() => undefined);
  if (type === "DirectoryOrCreate" || (type === "" && found === undefined)) await mkdir(file, { recursive: true });
  else if (type === "FileOrCreate" && found === undefined) await emptyFile(file);
  else if (found === undefined) throw new NotYetError(`hostPath type check failed: ${path} is not on the node`);
  else if (type === "Directory" && !found.isDirectory()) throw notA(path, "directory");
  else if (type.startsWith("File") && !found.isFile()) throw notA(path, "file");
  return file;
}

async function emptyFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "", { flag: "a" });
}

function notA(path: string, what: string): NotYetError {
  return new NotYetError(`hostPath type check failed: ${path} is not a ${what}`);
}

type Files = readonly (readonly [name: string, content: string | Buffer])[];

async function filesOf(pod: Pod, volume: Volume, host: VolumeHost): Promise<Files> {
  const { emptyDir, secret, configMap, downwardAPI, projected } = volume;
  if (emptyDir !== undefined) return [];
  const { items, optional } = secret ?? configMap ?? {};
  const more = { ...(items && { items }), ...(optional !== undefined && { optional }) };
  if (secret !== undefined) return await keys(pod, "secrets", { name: secret.secretName ?? "", ...more }, host);
  if (configMap !== undefined) return await keys(pod, "configmaps", { name: configMap.name ?? "", ...more }, host);
  if (downwardAPI !== undefined) return fields(pod, downwardAPI.items ?? []);
  if (projected === undefined) throw unknown(volume);
  const parts = (projected.sources ?? []).map(async (source): Promise<Files> => {
    if (source.secret) return await keys(pod, "secrets", { name: "", ...source.secret }, host);
    if (source.configMap) return await keys(pod, "configmaps", { name: "", ...source.configMap }, host);
    if (source.downwardAPI) return fields(pod, source.downwardAPI.items ?? []);
    if (source.serviceAccountToken === undefined) throw unknown(volume);
    const { path, audience } = source.serviceAccountToken;
    return [[path, (await host.sources.requestToken(pod, host.signal, audience)) ?? ""]];
  });
  return (await Promise.all(parts)).flat();
}

function unknown({ name, ...source }: Volume): UnsupportedError {
  const kind = Object.keys(source)[0] ?? "nothing";
  const known = "emptyDir, hostPath, secret, configMap, downwardAPI or projected";
  return new UnsupportedError(
    "CreateContainerConfigError",
    `the sandbox has no volumes like ${name} (${kind}): use ${known}`,
  );
}

type Keys = { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean };

async function keys(pod: Pod, kind: "secrets" | "configmaps", wanted: Keys, host: VolumeHost): Promise<Files> {
  const { name, items, optional = false } = wanted;
  const { namespace = "" } = pod.metadata ?? {};
  const values = await host.sources.keyValues(kind, namespace, name, host.signal);
  if (values === undefined && !optional) throw new NotYetError(`${kind.slice(0, -1)} "${name}" not found`);
  if (items === undefined) return [...(values ?? [])];
  return items.flatMap(({ key, path }) => {
    const value = values?.get(key);
    if (value === undefined && !optional)
      throw new NotYetError(`references non-existent ${kind.slice(0, -1)} key: ${key}`);
    return value === undefined ? [] : [[path, value] as const];
  });
}

function fields(
  pod: Pod,
  items: readonly { readonly path: string; readonly fieldRef?: { readonly fieldPath: string } }[],
): Files {
  return items.map(({ path, fieldRef }) => [path, fieldText(pod, fieldRef?.fieldPath ?? "", `file ${path}`)]);
}
