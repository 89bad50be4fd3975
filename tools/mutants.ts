import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Break, TestRef } from "../test/coverage/weak-point.ts";
import { weakPoints } from "../test/coverage/weak-points.ts";
import { type Colour, projectOf, rankOf, runTest } from "./one-test.ts";

// Breaks the code as each row of the table of weak points says, in a copy of the tree, and requires that the row's test
// fails. `npm run mutants -- M3 M12` takes these rows alone. Ends with "N passed, N failed".

type Mutant = { readonly id: string; readonly test: TestRef; readonly breakage: Break };
type Verdict = { readonly result: "ok" | "FAIL" | "skipped"; readonly said: string };

const root = join(import.meta.dirname, "..");
const copied = ["src", "test", "tools", "charts", "deploy", "package.json", "tsconfig.json", "vitest.config.ts"];

const { positionals: wanted } = parseArgs({ allowPositionals: true });
const all = weakPoints.flatMap(({ id, tests: [test], breakage }): readonly Mutant[] =>
  test === undefined ? [] : [{ id, test, breakage }],
);
const unknown = wanted.filter((id) => !all.some((one) => one.id === id));
if (unknown.length > 0) {
  const rows = all.map(({ id }) => id).join(", ");
  process.stderr.write(`mutants: there is no row ${unknown.join(", ")}; the rows are ${rows}\n`);
  process.exit(2);
}
// What takes long goes first, so that no worker is left with it alone.
const queue = all
  .filter(({ id }) => wanted.length === 0 || wanted.includes(id))
  .toSorted((a, b) => rankOf(a.test) - rankOf(b.test));

/** A tree of its own, so that the working tree stays as it is whatever happens. */
function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), "mutants-"));
  for (const name of copied.filter((one) => existsSync(join(root, one))))
    cpSync(join(root, name), join(tree, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  return tree;
}

async function judge({ test, breakage }: Mutant, tree: string): Promise<Verdict> {
  const path = join(tree, breakage.file);
  const whole = readFileSync(path, "utf8");
  const [before = "", after, ...more] = whole.split(breakage.find);
  if (after === undefined || more.length > 0) return fail(`${breakage.file} has not one place to break`);
  const sound = await runTest(tree, test);
  if (sound === "skipped" && process.env.REQUIRE_ALL !== "1") return { result: "skipped", said: test.name };
  if (sound !== "green") return fail(`${test.name} is ${sound} although nothing is broken`);
  writeFileSync(path, before + breakage.replace + after);
  const broken = await runTest(tree, test);
  writeFileSync(path, whole);
  return broken === "red" ? { result: "ok", said: test.name } : fail(survived(test, broken));
}

function survived({ name }: TestRef, colour: Colour): string {
  return `${name} is ${colour} with the code broken`;
}

function fail(said: string): Verdict {
  return { result: "FAIL", said };
}

async function work(): Promise<readonly Verdict[]> {
  const tree = copyTree();
  const verdicts: Verdict[] = [];
  try {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const started = performance.now();
      const verdict = await judge(next, tree);
      verdicts.push(verdict);
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      const [name, project] = [next.id.padEnd(3), projectOf(next.test)];
      process.stdout.write(`${verdict.result.padEnd(4)} ${name} ${project}: ${verdict.said} (${seconds} s)\n`);
    }
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
  return verdicts;
}

// What is under way ends first, and the copies are removed.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => queue.splice(0));

const total = queue.length;
const verdicts = (await Promise.all(Array.from({ length: availableParallelism() }, work))).flat();
const count = (result: Verdict["result"]) => verdicts.filter((one) => one.result === result).length;
const skipped = count("skipped") === 0 ? "" : `, ${count("skipped")} skipped`;
process.stdout.write(`${count("ok")} passed, ${count("FAIL")} failed${skipped}\n`);
process.exitCode = count("ok") + count("skipped") === total ? 0 : 1;
