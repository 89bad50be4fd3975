import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

// Packs the chart, and writes the index of a chart repository beside the package: `node tools/chart-repository.ts FOLDER
// [URL]`. What the folder's index lists already stays listed.

const [folder, url = ""] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: node tools/chart-repository.ts FOLDER [URL OF THE FOLDER]\n");
  process.exit(2);
}
const target = resolve(folder);
const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const built = join(cache, "aad-pod-identity-cluster/bin/helm");
const helm = (...args: readonly string[]) =>
  execFileSync(existsSync(built) ? built : "helm", args, { stdio: "inherit" });

mkdirSync(target, { recursive: true });
helm("package", join(import.meta.dirname, "../charts/aad-pod-identity"), "--destination", target);
const index = join(target, "index.yaml");
helm("repo", "index", target, ...(url === "" ? [] : ["--url", url]), ...(existsSync(index) ? ["--merge", index] : []));
