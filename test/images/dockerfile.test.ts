import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageNames } from "../../tools/images/table.ts";
import { filesOf, type UnpackedImage, unpackImage } from "../support/unpacked-image.ts";

// Dockerfile itself, built by buildah, held to what tools/images/make.ts makes.

const LONGEST_BUILD_MS = 1_200_000;
const root = join(import.meta.dirname, "../..");
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "aad-pod-identity-cluster/images");
const NEEDED = ["buildah", "mmdebstrap", "npm"];
const stamp = { BUILD_COMMIT: "0123456", BUILD_DATE: "2026-01-02" };

const folders = (process.env.PATH ?? "").split(":");
const lacking = NEEDED.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
const missing =
  process.getuid?.() !== 0 ? "it needs root" : lacking.length > 0 ? `not installed: ${lacking.join(", ")}` : undefined;

/** Each path with what it is: its mode, and the hash of its content or where it leads. */
function contents(image: UnpackedImage): Record<string, string> {
  const rows = filesOf(image.root).map(({ path, mode, kind }) => {
    const file = join(image.root, path);
    const hash = () => createHash("sha256").update(readFileSync(file)).digest("hex");
    const what = kind === "link" ? readlinkSync(file) : kind === "file" ? hash() : "";
    return [path, `${kind} ${kind === "link" ? "" : mode.toString(8)} ${what}`] as const;
  });
  return Object.fromEntries(rows);
}

describe.skipIf(missing !== undefined)(`Dockerfile${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let folder: string;
  const storage = () => ["--root", join(folder, "storage"), "--runroot", join(folder, "run")];
  /** What git knows or would, as it is now, so that edits meanwhile change nothing. */
  const source = () => join(folder, "source");
  const copySource = () => {
    mkdirSync(source());
    const copy =
      "git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T - | tar -xf - -C";
    run(root, "sh", "-c", `${copy} "$0"`, source());
    run(source(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
  };
  const run = (cwd: string, command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...stamp } });
  const buildah = (command: string, ...args: readonly string[]) =>
    run(source(), "buildah", ...storage(), command, ...args);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dockerfile-test-"));
    copySource();
    run(root, join(import.meta.dirname, "builder"), join(cache, "builder"));
    buildah("from", "--name", "builder", "scratch");
    buildah("add", "--quiet", "builder", join(cache, "builder"), "/");
    buildah("config", "--env", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "builder");
    buildah("config", "--env", "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt", "builder");
    buildah("commit", "--quiet", "--rm", "builder", "localhost/builder:1");
    const values = { BASE: "localhost/builder:1", COMMIT: stamp.BUILD_COMMIT, DATE: stamp.BUILD_DATE };
    const args = Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    for (const name of imageNames) {
      const target = ["--target", name, "--tag", `localhost/${name}:1`];
      buildah("bud", "--quiet", "--layers", "--isolation", "chroot", ...args, ...target, ".");
      buildah("push", "--quiet", `localhost/${name}:1`, `oci-archive:${join(folder, `${name}.tar`)}`);
    }
    run(source(), process.execPath, "tools/build.ts");
    run(source(), process.execPath, "tools/images/make.ts", join(folder, "made"));
  }, LONGEST_BUILD_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(imageNames)("makes the same files and settings of %s as without an engine", (name) => {
    const built = unpackImage(join(folder, `${name}.tar`), join(folder, "unpacked", name));
    const made = unpackImage(join(folder, "made", `${name}.tar`), join(folder, "unpacked-made", name));
    const { Labels: _, ...config } = built.config as UnpackedImage["config"] & { readonly Labels?: unknown };
    expect(config).toEqual(made.config);
    expect(built.architecture).toBe(made.architecture);
    expect(contents(built)).toEqual(contents(made));
  });
});
