import { posix } from "node:path";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { expand, type Variables } from "./environment.ts";
import { UnsupportedError } from "./unsupported.ts";

/** A program of this machine that stands in for an image; `args` come before those of the container. */
export type Program = { readonly file: string; readonly args?: readonly string[] };
/** By the last part of an image's path, without tag: `mic`, `nmi`, `demo`. */
export type Programs = ReadonlyMap<string, Program>;

/**
 * The one container of a pod, which is all that runs of it here; volumes are not mounted.
 * @throws UnsupportedError for a pod that needs more than that
 */
export function onlyContainer(pod: Pod): Container {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const [container] = containers;
  if (container !== undefined && containers.length === 1 && initContainers.length === 0) return container;
  throw new UnsupportedError(
    "CreateContainerConfigError",
    "the sandbox runs pods of one container: leave out init containers and the second container",
  );
}

/**
 * The program of a container's image and its arguments. `command` takes the place of the image's program, as in
 * Kubernetes, and names a program that is known here or one of this machine.
 * @throws UnsupportedError for an image that no program stands in for
 */
export function commandLine(container: Container, programs: Programs, env: Variables): Required<Program> {
  const image = imageName(container.image ?? "");
  const own = programs.get(image);
  if (own === undefined) {
    const known = [...programs.keys()].sort().join(", ");
    throw new UnsupportedError("ErrImagePull", `the sandbox has no image "${image}": use one of ${known}`);
  }
  const [command, ...first] = (container.command ?? []).map((word) => expand(word, env));
  const { file, args = [] } =
    command === undefined ? own : (programs.get(posix.basename(command)) ?? { file: command });
  return { file, args: [...args, ...first, ...(container.args ?? []).map((word) => expand(word, env))] };
}

/** `mcr.microsoft.com/oss/azure/aad-pod-identity/nmi:v1@sha256:…` → `nmi` */
function imageName(image: string): string {
  return posix.basename(image.split("@")[0] ?? "").split(":")[0] ?? "";
}
