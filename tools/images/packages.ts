import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** What a bundle is made of besides our own code. */
export type NpmPackage = { readonly folder: string; readonly name: string; readonly version: string };

/** The packages of which some bundle holds code, as the build told. */
export function bundled(bundles: Iterable<string>): NpmPackage[] {
  const table = JSON.parse(readFileSync(join(root, "dist/packages.json"), "utf8")) as Record<string, string[]>;
  const folders = new Set([...bundles].flatMap((bundle) => table[bundle] ?? []));
  return [...folders].sort().map((one) => {
    const folder = join(root, one);
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as NpmPackage;
    return { folder, name, version };
  });
}

/** The fields of a Debian package's control file. */
export type DebianPackage = { readonly name: string; readonly version: string; readonly architecture: string };

export function readControl(text: string): DebianPackage {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? "";
  return { name: field("Package"), version: field("Version"), architecture: field("Architecture") };
}
