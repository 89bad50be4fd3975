import { type AddressInfo, createServer } from "node:net";
import { posix } from "node:path";
import type { Container } from "kubernetes-types/core/v1.d.ts";
import { expand, type Variables } from "./environment.ts";
import { UnsupportedError } from "./unsupported.ts";

/** A program of this machine that stands in for an image. Variables in its arguments are replaced as in the container's. */
export type Program = {
  readonly file: string;
  /** The image only says what runs where a container says nothing: `args` alone are the program and its arguments. */
  readonly isFallback?: true;
  /** Before the container's own, which win. */
  readonly args?: readonly string[];
  /** After the container's own: what does not hold here. */
  readonly last?: readonly string[];
  /** Flags of ports that the program listens on, and the ports without them, where all pods share the machine's ports. */
  readonly ports?: ReadonlyMap<string, number>;
};
export type Command = { readonly file: string; readonly args: readonly string[] };
/** By the last part of an image's path, without tag: `mic`, `nmi`, `demo`. */
export type Programs = ReadonlyMap<string, Program>;

/** The program of a container's image. @throws UnsupportedError for an image that no program stands in for */
export function programOf({ image = "" }: Container, programs: Programs): Program {
  const own = programs.get(imageName(image));
  if (own !== undefined) return own;
  const known = [...programs.keys()].sort().join(", ");
  throw new UnsupportedError("ErrImagePull", `the sandbox has no image "${imageName(image)}": use one of ${known}`);
}

/**
 * The program of a container's image and its arguments. `command` takes the place of the image's program, as in
 * Kubernetes, and names a program that is known here or one of this machine.
 * @throws UnsupportedError for an image that no program stands in for
 */
export function commandLine(
  container: Container,
  programs: Programs,
  env: Variables,
): Command & Pick<Program, "ports"> {
  const own = programOf(container, programs);
  const words = (list: readonly string[] = []) => list.map((word) => expand(word, env));
  const isNamed = own.isFallback === true || container.command?.length;
  const said = [...words(container.command), ...words(container.args)];
  const [command, rest] = isNamed ? [said[0], said.slice(1)] : [undefined, said];
  const { file, args, last, ports }: Program =
    command === undefined ? own : (programs.get(posix.basename(command)) ?? { file: command });
  const all = [...words(args), ...rest, ...words(last)];
  return { file, args: all, ...(ports && { ports }) };
}

/** `mcr.microsoft.com/oss/azure/aad-pod-identity/nmi:v1@sha256:…` → `nmi` */
function imageName(image: string): string {
  return posix.basename(image.split("@")[0] ?? "").split(":")[0] ?? "";
}

/** Flags that give a program ports that nobody has, and which they are for those that it would listen on. */
export type OwnPorts = { readonly args: readonly string[]; readonly ports: ReadonlyMap<number, number> };

export async function ownPorts({ args, ports = new Map() }: Command & Pick<Program, "ports">): Promise<OwnPorts> {
  const own = await Promise.all(
    [...ports].map(async ([flag, fallback]) => {
      const port = portIn(args, flag) ?? fallback;
      return port === 0 ? undefined : { flag, port, free: await freePort() };
    }),
  );
  const taken = own.filter((each) => each !== undefined);
  return {
    args: taken.map(({ flag, free }) => `--${flag}=${free}`),
    ports: new Map(taken.map(({ port, free }) => [port, free])),
  };
}

function portIn(args: readonly string[], flag: string): number | undefined {
  const said = args.flatMap((word, i) => {
    if (word === `--${flag}` || word === `-${flag}`) return [args[i + 1]];
    const [name, value] = word.split("=");
    return value !== undefined && (name === `--${flag}` || name === `-${flag}`) ? [value] : [];
  });
  const last = said.at(-1);
  return last === undefined ? undefined : Number(last);
}

/** A port that nobody listens on at this moment; should another take it first, the program ends and gets a new one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
