import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

/** What an OCI image says of itself, in the specification's words. */
export type ImageConfig = {
  readonly architecture: string;
  readonly os: "linux";
  readonly config: Readonly<Record<string, unknown>>;
};

type Blob = { readonly digest: string; readonly size: number };
const OCI = "application/vnd.oci.image";
/** A tar whose bytes say nothing of who made it, when, or in which order. */
const SAME_BYTES = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--format=gnu"];

/**
 * Writes an image as an OCI archive, a layer a folder, without a container engine; the same folders give the same bytes.
 * `reference` is the name by which pods ask for it, with registry and tag.
 */
export async function writeArchive(
  file: string,
  reference: string,
  layers: readonly string[],
  config: ImageConfig,
): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const layout = mkdtempSync(`${file}-`);
  try {
    mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
    const blobs: Blob[] = [];
    for (const folder of layers) blobs.push(await layerBlob(layout, folder));
    const rootfs = { type: "layers", diff_ids: blobs.map(({ digest }) => digest) };
    const manifest = {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, ...(await jsonBlob(layout, { ...config, rootfs })) },
      layers: blobs.map((blob) => ({ mediaType: `${OCI}.layer.v1.tar`, ...blob })),
    };
    const annotations = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference };
    const found = { mediaType: manifest.mediaType, ...(await jsonBlob(layout, manifest)), annotations };
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [found] }));
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    execFileSync("tar", ["-C", layout, ...SAME_BYTES, "-cf", `${layout}.tar`, "oci-layout", "index.json", "blobs"]);
    renameSync(`${layout}.tar`, file);
  } finally {
    rmSync(layout, { recursive: true, force: true });
    rmSync(`${layout}.tar`, { force: true });
  }
}

function layerBlob(layout: string, folder: string): Promise<Blob> {
  const file = join(layout, "layer.tar");
  execFileSync("tar", ["-C", folder, ...SAME_BYTES, "-cf", file, "."]);
  return keep(layout, file);
}

function jsonBlob(layout: string, value: unknown): Promise<Blob> {
  const file = join(layout, "value.json");
  writeFileSync(file, JSON.stringify(value));
  return keep(layout, file);
}

/** Names a file by its content, as everything in an image is. */
async function keep(layout: string, file: string): Promise<Blob> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest("hex");
  const { size } = statSync(file);
  renameSync(file, join(layout, "blobs/sha256", digest));
  return { digest: `sha256:${digest}`, size };
}
