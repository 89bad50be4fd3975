import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

type Blob = { readonly digest: string };

/** An image as a runtime would see it. */
export type UnpackedImage = {
  /** The root file system: all layers, one on the other. */
  readonly root: string;
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
  };
  readonly sizeMb: number;
};

/** Unpacks an OCI archive into a folder, which is made. */
export function unpackImage(archive: string, folder: string): UnpackedImage {
  const [layout, root] = [join(folder, "layout"), join(folder, "root")];
  for (const one of [layout, root]) mkdirSync(one, { recursive: true });
  execFileSync("tar", ["-C", layout, "-xf", archive]);
  const file = ({ digest }: Blob) => join(layout, "blobs", digest.replace(":", "/"));
  const read = <T>(path: string) => JSON.parse(readFileSync(path, "utf8")) as T;
  const [first] = read<{ manifests: Blob[] }>(join(layout, "index.json")).manifests;
  if (first === undefined) throw new Error(`${archive} holds no image`);
  const { config, layers } = read<{ config: Blob; layers: Blob[] }>(file(first));
  for (const layer of layers) execFileSync("tar", ["-C", root, "-xpf", file(layer)]);
  const sizeMb = layers.reduce((sum, layer) => sum + lstatSync(file(layer)).size, 0) / 1e6;
  return { ...read<Pick<UnpackedImage, "architecture" | "config">>(file(config)), root, sizeMb };
}

export type ImageFile = { readonly path: string; readonly mode: number; readonly kind: "file" | "folder" | "link" };

/** All that is in a root file system, by path. */
export function filesOf(root: string): ImageFile[] {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return paths.map((path) => {
    const found = lstatSync(join(root, path));
    const kind = found.isSymbolicLink() ? "link" : found.isDirectory() ? "folder" : "file";
    return { path: `/${path}`, mode: found.mode & 0o7777, kind };
  });
}

/** The processor for which a file is, by its number in the ELF format; undefined of what is no program or library. */
export function elfMachine(file: string): number | undefined {
  const head = Buffer.alloc(20);
  const opened = openSync(file, "r");
  try {
    readSync(opened, head);
  } finally {
    closeSync(opened);
  }
  return head.toString("latin1", 0, 4) === "\x7fELF" ? head.readUInt16LE(18) : undefined;
}

/** What the chart's securityContext leaves to NMI, and to nobody else; sys_chroot brings it into the image. */
const POWERS = "-all,+net_admin,+net_raw,+setuid,+setgid,+sys_chroot";
/** Its own mounts and network, a root file system that nothing writes to, and /proc, /dev and the lock that NMI shares. */
const INSIDE = `
mount --bind "$0" "$0"
mount -t tmpfs none "$0/run"
: >"$0/run/xtables.lock"
mount -t proc none "$0/proc"
mount --bind /dev "$0/dev"
mount -o remount,ro,bind "$0"
ip link set lo up
user=$1; shift
exec setpriv --bounding-set ${POWERS} --no-new-privs chroot --userspec="$user" "$0" "$@"`;

/** Runs a command in an image as a user, found on the image's own PATH, with nothing in its environment but that. */
export function runInImage({ root, config }: UnpackedImage, user: string, ...command: readonly string[]) {
  const env = { PATH: `${config.Env[0]?.replace(/^PATH=/, "")}` };
  const args = ["--mount", "--net", "--pid", "--fork", "sh", "-ec", INSIDE, root, user, ...command];
  const { status, stdout, stderr } = spawnSync("unshare", args, { env, encoding: "utf8", timeout: 30_000 });
  return { status, output: stdout + stderr };
}
