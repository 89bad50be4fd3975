import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Defect, defects } from "./defects.ts";
import { playInShares } from "./shares.ts";

const root = join(import.meta.dirname, "../..");
const copied = ["src", "test", "charts", "package.json"];

/** Puts each defect into a copy of the code, plays histories until one shows it, and says in how many. */
export async function findDefects({ seed, runs }: { readonly seed: number; readonly runs: number }): Promise<boolean> {
  process.stdout.write(`at most ${runs} histories for each defect, seed ${seed}\n`);
  let areAllFound = true;
  for (const defect of defects) {
    const [isFound, told] = await find(defect, seed, runs);
    areAllFound &&= isFound;
    process.stdout.write(`${isFound ? "ok  " : "FAIL"} ${defect.name}: ${told}\n`);
  }
  return areAllFound;
}

async function find({ file, find, replace }: Defect, seed: number, runs: number): Promise<[boolean, string]> {
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
    const reports = await playInShares({ seed, runs, shrinks: false, root: tree });
    // The shares run side by side, so together they had played so many when the first one found it.
    const found = reports.filter(({ failure }) => failure !== undefined).sort((a, b) => a.played - b.played);
    if (found[0] === undefined) return [false, `not found in ${runs} histories`];
    return [true, `found in ${found[0].played * reports.length} histories: ${found[0].failure?.problems[0]}`];
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
