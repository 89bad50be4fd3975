import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifests } from "./manifests/files.ts";

// Writes deploy/ from the chart, by Helm (test/cluster/build-programs helm); with --check it only says what is stale.

const root = join(import.meta.dirname, "..");
const isCheck = process.argv.includes("--check");

for (const [file, text] of Object.entries(manifests())) {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  process.stdout.write(`${file} ${isCheck ? "is stale: run node tools/manifests.ts" : "written"}\n`);
  if (isCheck) process.exitCode = 1;
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
