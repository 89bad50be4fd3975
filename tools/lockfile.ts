import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// npm leaves packages for other platforms out of the lockfile when the registry at hand does not serve them, and then
// `npm ci` on such a platform, or with another npm, calls the lockfile incomplete. So they are added by name.

type Entry = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
export type Lockfile = { packages: Record<string, Entry> };

const FILE = join(import.meta.dirname, "../package-lock.json");
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/win32|windows/, "win32"],
  [/darwin/, "darwin"],
  [/android/, "android"],
  [/freebsd/, "freebsd"],
  [/netbsd/, "netbsd"],
  [/openbsd/, "openbsd"],
  [/openharmony|ohos/, "openharmony"],
  [/sunos/, "sunos"],
  [/aix/, "aix"],
  [/linux/, "linux"],
];
const PROCESSORS = ["arm64", "x64", "ia32", "ppc64", "s390x", "riscv64", "loong64", "mips64el", "arm"] as const;

/** The exact optional packages that the lockfile's packages name and that have no entry of their own. */
export function missingEntries({ packages }: Lockfile): Record<string, Entry> {
  const missing: Record<string, Entry> = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!EXACT.test(version)) continue;
      const found = resolve(packages, path, name);
      if (found !== undefined && packages[found]?.version === version) continue;
      // An entry of that name with another version has the outer place, so this one goes inside its owner.
      const place = found === undefined ? `node_modules/${name}` : `${path}/node_modules/${name}`;
      missing[place] = { version, ...(entry.dev === true ? { dev: true } : {}), optional: true, ...platformOf(name) };
    }
  }
  return missing;
}

/** The entry that `name` means inside the package at `path`: the innermost, as Node looks it up. */
function resolve(packages: Lockfile["packages"], path: string, name: string): string | undefined {
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf("node_modules/") - 1))) {
    const place = `${base === "" ? "" : `${base}/`}node_modules/${name}`;
    if (place in packages) return place;
    if (base === "") return undefined;
  }
}

function platformOf(name: string): Pick<Entry, "os" | "cpu" | "libc"> {
  const os = SYSTEMS.find(([pattern]) => pattern.test(name))?.[1];
  const cpu = /wasm/.test(name) ? "wasm32" : PROCESSORS.find((processor) => name.includes(processor));
  const libc = /musl/.test(name) ? "musl" : /gnu/.test(name) ? "glibc" : undefined;
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
  };
}

export function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(FILE, "utf8")) as Lockfile;
}

if (import.meta.main) {
  const lockfile = readLockfile();
  const missing = missingEntries(lockfile);
  const all = Object.entries({ ...lockfile.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
  lockfile.packages = Object.fromEntries(all);
  writeFileSync(FILE, `${JSON.stringify(lockfile, null, 2)}\n`);
  process.stdout.write(`package-lock.json: ${Object.keys(missing).length} entries of other platforms added\n`);
}
