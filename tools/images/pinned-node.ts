import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Processor, processors } from "./table.ts";

const root = join(import.meta.dirname, "../..");
type Lockfile = {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
};

/** The folder of the package with the pinned Node for a processor; another's than this machine's is fetched and kept. */
export function pinnedNode(processor: Processor, cache = tmpdir()): string {
  const name = `node-linux-${processors[processor].node}`;
  const installed = join(root, "node_modules", name);
  if (existsSync(join(installed, "bin/node"))) return installed;
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lockfile;
  const locked = packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}: run node tools/lockfile.ts`);
  const folder = join(cache, `${name}-${locked.version}`);
  if (!existsSync(folder)) fetchPackage(`${name}@${locked.version}`, locked.integrity, folder);
  return folder;
}

function fetchPackage(wanted: string, integrity: string, folder: string): void {
  mkdirSync(join(folder, ".."), { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  try {
    const args = ["pack", "--silent", "--pack-destination", fresh, wanted];
    const file = execFileSync("npm", args, { encoding: "utf8", cwd: fresh, stdio: ["ignore", "pipe", 2] }).trim();
    const hash = `sha512-${createHash("sha512")
      .update(readFileSync(join(fresh, file)))
      .digest("base64")}`;
    if (hash !== integrity) throw new Error(`${wanted} is not what package-lock.json says: ${hash}`);
    execFileSync("tar", ["-C", fresh, "-xzf", join(fresh, file), "--no-same-owner"]);
    keepAs(folder, join(fresh, "package"));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Gives what was made its name, unless another process was first: then there are two of the same. */
export function keepAs(folder: string, fresh: string): void {
  try {
    renameSync(fresh, folder);
  } catch (reason) {
    if (!existsSync(folder)) throw reason;
  }
}
