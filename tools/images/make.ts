import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { REGISTRY } from "../home.ts";
import { makeFiles } from "./files.ts";
import { writeArchive } from "./oci.ts";
import { entrypoint, type ImageName, imageNames, images, PATH, type Processor, processors } from "./table.ts";

// Makes the images of Dockerfile as OCI archives, without a container engine: OUT/mic.tar and so on. With --files it
// writes the folders that Dockerfile copies.

const USAGE = `usage: node tools/images/make.ts OUT [--processor amd64|arm64] [--repository NAME] [--only IMAGE]... [--files]
  --repository  what pods call the images, without the last part (${REGISTRY})
  --files       write folders, fetched anew, in place of archives: OUT/base and one for each image; OUT must be empty
Needs dist/ (npm run build), and apt and npm. What was fetched is kept in \${XDG_CACHE_HOME:-$HOME/.cache}/aad-pod-identity-cluster/images.
`;
process.umask(0o022); // all may read what is in images, whoever makes them
const usual = process.arch === "arm64" ? "arm64" : "amd64";

function configOf(name: ImageName, processor: Processor) {
  const { user } = images[name];
  const run = { User: `${user}:${user}`, Env: [`PATH=${PATH}`], Entrypoint: entrypoint(name), WorkingDir: "/" };
  return { architecture: processor, os: "linux", config: run } as const;
}

async function writeArchives(out: string, only: readonly string[], processor: Processor, repository: string) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "aad-pod-identity-cluster/images");
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    version: string;
  };
  const folder = mkdtempSync(join(tmpdir(), "image-files-"));
  try {
    makeFiles({ out: folder, processor, cache });
    for (const name of imageNames.filter((one) => only.length === 0 || only.includes(one))) {
      const layers = [join(folder, "base"), join(folder, name)];
      const reference = `${repository}/${name}:v${version}`;
      await writeArchive(resolve(out, `${name}.tar`), reference, layers, configOf(name, processor));
      process.stdout.write(`${resolve(out, `${name}.tar`)} ${reference}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    processor: { type: "string", default: usual },
    repository: { type: "string", default: REGISTRY },
    only: { type: "string", multiple: true, default: [] },
    files: { type: "boolean", default: false },
  },
});
const [out, ...others] = positionals;
const unknown = values.only.filter((name) => !(name in images));
const processor = Object.keys(processors).find((one): one is Processor => one === values.processor);
if (out === undefined || others.length > 0 || unknown.length > 0 || processor === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (values.files) makeFiles({ out: resolve(out), processor });
else await writeArchives(out, values.only, processor, values.repository);
