import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Defect } from "../model/defects.ts";
import { defects } from "./defects.ts";
import { FOUND } from "./report.ts";

const root = join(import.meta.dirname, "../..");
const copied = ["src", "test", "tools", "charts", "package.json", "package-lock.json"];

/** Puts each defect into a copy of the code, builds NMI, sends requests until one shows it, and says what it showed. */
export async function findDefects({ seed, requests }: { readonly seed: number; readonly requests: number }) {
  process.stdout.write(`at most ${requests} requests for each defect, seed ${seed}\n`);
  let areAllFound = true;
  for (const defect of defects) {
    const [isFound, told] = await find(defect, [`--seed=${seed}`, `--requests=${requests}`, "--no-shrink"]);
    areAllFound &&= isFound;
    process.stdout.write(`${isFound ? "ok  " : "FAIL"} ${defect.name}: ${told}\n`);
  }
  return areAllFound;
}

async function find({ file, find, replace }: Defect, args: readonly string[]): Promise<[boolean, string]> {
  const tree = mkdtempSync(join(tmpdir(), "defect-"));
  try {
    for (const name of copied) cpSync(join(root, name), join(tree, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
    const code = readFileSync(join(tree, file), "utf8");
    if (code.split(find).length !== 2) return [false, `${file} holds the place ${code.split(find).length - 1} times`];
    writeFileSync(
      join(tree, file),
      code.replace(find, () => replace),
    );
    const built = await run(tree, ["tools/build.ts"]);
    if (built.code !== 0) return [false, `it does not build: ${built.output}`];
    const { output } = await run(tree, ["test/fuzz/main.ts", ...args]);
    const [, told] = output.split(FOUND);
    return told === undefined
      ? [false, `not found: ${output}`]
      : [true, told.trim().split("\n")[0]?.slice(0, 300) ?? ""];
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function run(cwd: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}
