import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { notices } from "./notices.ts";
import { bundled, type DebianPackage, readControl } from "./packages.ts";
import { keepAs, pinnedNode } from "./pinned-node.ts";
import { imageSbom } from "./sbom.ts";
import { type ImageName, imageNames, images, NOBODY, type Processor, sharedPackages } from "./table.ts";

// The files of the images: a folder for the layer that all share, and one for what each has besides. Dockerfile copies
// these folders into empty images, and make.ts writes images of them without a container engine.

const root = join(import.meta.dirname, "../..");

type Where = {
  /** Where the folders go: empty, or not there yet. */
  readonly out: string;
  readonly processor: Processor;
  /** Where Debian's packages are kept unpacked, and Node's; without it they are fetched each time. */
  readonly cache?: string | undefined;
};

/** Makes OUT/base and a folder for each image. @throws Error where OUT holds something */
export function makeFiles({ out, processor, cache }: Where): void {
  mkdirSync(out, { recursive: true });
  if (readdirSync(out).length > 0) throw new Error(`${out} is not empty: name a folder that is`);
  const debian = cache === undefined ? unpackDebian(processor, join(out, "debian")) : keptDebian(processor, cache);
  const node = pinnedNode(processor, cache);
  const base = join(out, "base");
  copy(join(debian, "base"), base);
  addSkeleton(base);
  addNode(base, node);
  for (const name of imageNames) {
    const folder = join(out, name);
    if (images[name].packages.length > 0) copy(join(debian, name), folder);
    if (name === "nmi") addIptables(folder);
    addProgram(folder, name, { base, node, processor });
  }
  if (cache === undefined) rmSync(debian, { recursive: true });
}

type Below = { readonly base: string; readonly node: string; readonly processor: Processor };

/** The program with its bundles, what is in them, and the licences of that. */
function addProgram(folder: string, name: ImageName, { base, node, processor }: Below): void {
  const npm = bundled(addBundles(folder, name));
  const { version } = JSON.parse(readFileSync(join(node, "package.json"), "utf8")) as { version: string };
  const debian = [...debianOf(base), ...debianOf(folder)];
  const sbom = imageSbom({ image: name, npm, debian, node: { version, processor } });
  writeFileSync(join(folder, "app/sbom.cdx.json"), `${JSON.stringify(sbom, undefined, 2)}\n`);
  writeFileSync(join(folder, "app/NOTICES"), notices(npm));
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function debianOf(folder: string): DebianPackage[] {
  const status = join(folder, "var/lib/dpkg/status.d");
  if (!existsSync(status)) return [];
  return readdirSync(status)
    .sort()
    .map((name) => readControl(readFileSync(join(status, name), "utf8")));
}

function packagesOf(folder: string): string[] {
  const parts = [
    ["base", sharedPackages] as const,
    ...imageNames.map((name) => [name, images[name].packages] as const),
  ];
  return parts
    .filter(([, packages]) => packages.length > 0)
    .map(([name, packages]) => `${join(folder, name)}=${packages.join(",")}`);
}

function unpackDebian(processor: Processor, folder: string): string {
  execFileSync(join(import.meta.dirname, "debian"), [processor, ...packagesOf(folder)], { stdio: ["ignore", 2, 2] });
  return folder;
}

/** Unpacked once for each list of packages: fetching and reading Debian's own lists takes ten seconds. */
function keptDebian(processor: Processor, cache: string): string {
  const hash = createHash("sha256").update(readFileSync(join(import.meta.dirname, "debian")));
  const key = hash.update(packagesOf("").join()).digest("hex").slice(0, 16);
  const folder = join(cache, `debian-${processor}-${key}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  chmodSync(fresh, 0o755);
  try {
    unpackDebian(processor, fresh);
    keepAs(folder, fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** What belongs to no package: Debian's layout, users, and how names are found. */
function addSkeleton(folder: string): void {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(folder, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  for (const name of ["dev", "etc", "proc", "root", "run", "sys", "tmp", "var"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  chmodSync(join(folder, "tmp"), 0o1777);
  symlinkSync("../run", join(folder, "var/run"));
  const users = `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NOBODY}:${NOBODY}:nonroot:/:/sbin/nologin\n`;
  writeFileSync(join(folder, "etc/passwd"), users);
  writeFileSync(join(folder, "etc/group"), `root:x:0:\nnonroot:x:${NOBODY}:\n`);
  writeFileSync(join(folder, "etc/nsswitch.conf"), "hosts: files dns\n");
  writeFileSync(join(folder, "etc/os-release"), 'PRETTY_NAME="Debian 12, in parts"\nID=debian\nVERSION_ID="12"\n');
}

function addNode(folder: string, node: string): void {
  put(join(node, "bin/node"), join(folder, "usr/local/bin/node"), 0o755);
  put(join(node, "LICENSE"), join(folder, "usr/share/doc/node/copyright"), 0o644);
}

/** In Debian the scripts of the package choose what `iptables` is; here it is what a node without rules is best given. */
function addIptables(folder: string): void {
  for (const name of ["iptables", "ip6tables"]) {
    for (const suffix of ["", "-save", "-restore"]) {
      symlinkSync(`${name}-nft${suffix}`, join(folder, "usr/sbin", `${name}${suffix}`));
    }
  }
}

/** The program's bundle and those that it loads on demand; their names. */
function addBundles(folder: string, name: ImageName): ReadonlySet<string> {
  const bundles = new Set<string>([name]);
  for (const bundle of bundles) {
    const code = readFileSync(join(root, "dist", `${bundle}.cjs`), "utf8");
    for (const [, other] of code.matchAll(/\(["']\.\/([\w-]+)\.cjs["']\)/g))
      if (other !== undefined) bundles.add(other);
    put(join(root, "dist", `${bundle}.cjs`), join(folder, "app", `${bundle}.cjs`), 0o644);
  }
  put(join(root, "LICENSE"), join(folder, "app/LICENSE"), 0o644);
  return bundles;
}

function put(from: string, to: string, mode: number): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  chmodSync(to, mode);
}
