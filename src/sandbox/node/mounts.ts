import { posix } from "node:path";
import type { Container } from "kubernetes-types/core/v1.d.ts";
import { UnsupportedError } from "./unsupported.ts";

/** Where a container sees a file or folder of a volume, and where it really is. */
export type Mount = { readonly path: string; readonly file: string };

/** What a container mounts of the pod's volumes, the longest path first. @throws UnsupportedError for a part outside its volume */
export function mountsOf({ volumeMounts = [] }: Container, volumes: ReadonlyMap<string, string>): readonly Mount[] {
  return volumeMounts
    .map(({ name, mountPath, subPath = "" }) => ({
      path: posix.normalize(mountPath).replace(/(?<=.)\/$/, ""),
      file: posix.join(volumes.get(name) ?? "", inside(name, subPath)),
    }))
    .sort((a, b) => b.path.length - a.path.length);
}

function inside(volume: string, part: string): string {
  if (!part.split("/").includes("..")) return part;
  const why = `subPath "${part}" of volume "${volume}" must not contain '..': it would leave the volume`;
  throw new UnsupportedError("CreateContainerConfigError", why);
}

/**
 * A text in which each path of a mount is the real one: nothing is mounted, since that takes root. What a program finds
 * by itself, without being told, it does not find.
 */
export function relocated(text: string, mounts: readonly Mount[]): string {
  if (mounts.length === 0) return text;
  const paths = mounts.map(({ path }) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const files = new Map(mounts.map(({ path, file }) => [path, file]));
  return text.replaceAll(new RegExp(`(?<![\\w./-])(${paths})(?![\\w.-])`, "g"), (path) => files.get(path) ?? path);
}

/** The container with the real paths of what it mounts. */
export function movedContainer(container: Container, volumes: ReadonlyMap<string, string>): Container {
  const mounts = mountsOf(container, volumes);
  if (mounts.length === 0) return container;
  const { command, args, env, livenessProbe, readinessProbe, startupProbe } = container;
  const moved = (words: readonly string[] = []) => words.map((word) => relocated(word, mounts));
  const probe = (name: string, each: Container["livenessProbe"]) =>
    each?.exec && { [name]: { ...each, exec: { command: moved(each.exec.command) } } };
  return {
    ...container,
    ...(command && { command: moved(command) }),
    ...(args && { args: moved(args) }),
    ...(env && { env: env.map((each) => (each.value ? { ...each, value: relocated(each.value, mounts) } : each)) }),
    ...probe("livenessProbe", livenessProbe),
    ...probe("readinessProbe", readinessProbe),
    ...probe("startupProbe", startupProbe),
  };
}
