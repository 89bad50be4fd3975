import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { REGISTRY } from "../../../tools/home.ts";
import { imageNames } from "../../../tools/images/table.ts";

const root = join(import.meta.dirname, "../../..");

const run = (program: string, args: readonly string[]) => promisify(execFile)(program, [...args], { maxBuffer: 1e8 });

type Index = { readonly manifests: readonly object[] };

/** Makes our images as users get them, from dist/; the path of one archive with all of them, which hold most in common. */
export async function makeImages(folder: string): Promise<string> {
  const layout = join(folder, "layout");
  await mkdir(layout, { recursive: true });
  await run(process.execPath, [join(root, "tools/images/make.ts"), folder]);
  const manifests: object[] = [];
  for (const name of imageNames) {
    await run("tar", ["-C", layout, "-xf", join(folder, `${name}.tar`)]);
    await rm(join(folder, `${name}.tar`));
    const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8")) as Index;
    manifests.push(...index.manifests);
  }
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  const all = join(folder, "all.tar");
  await run("tar", ["-C", layout, "-cf", all, "oci-layout", "index.json", "blobs"]);
  await rm(layout, { recursive: true });
  return all;
}

const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version: string };

/** What pods call an image of ours. */
export const imageOf = (name: (typeof imageNames)[number]) => `${REGISTRY}/${name}:v${version}`;
