import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

// Everything that must hold, in one command. `--quick` leaves out what starts servers and programs.
// REQUIRE_ALL=1 makes a skipped test a failure: then nothing is green only because it could not run.

const root = join(import.meta.dirname, "..");
const quick = process.argv.includes("--quick");
const requireAll = process.env.REQUIRE_ALL === "1";

type Tally = { passed: number; readonly failures: string[]; readonly skipped: string[] };
type Done = { readonly ok: boolean; readonly output: string; readonly seconds: number };

const tally: Tally = { passed: 0, failures: [], skipped: [] };

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["format and lint", "biome", "check", "--error-on-warnings", "."],
  ["types", "tsc", "-p", "."],
  ["dead code", "knip", "--no-progress"],
  ["generated files", "node", "tools/generate.ts", "--check"],
];

/** What takes minutes because it waits: the longest first, two at a time. */
const suites = ["e2e", "contract", "live", "model", "chart", "cluster", "fuzz", "clients"] as const;
/** What is no part of the whole run, since it takes ten minutes: the other files of this project. */
const partOf: Readonly<Partial<Record<string, readonly string[]>>> = { cluster: ["test/cluster/walkthrough.test.ts"] };
const SUITES_AT_ONCE = 2;
const FAILURE_LINES = 20;

function run(command: string, args: readonly string[]): Promise<Done> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
      });
    }
    const end = (ok: boolean, more = "") =>
      resolve({ ok, output: output + more, seconds: (performance.now() - started) / 1000 });
    child.on("error", (reason) => end(false, reason.message));
    child.on("close", (code) => end(code === 0));
  });
}

function tell(ok: boolean, name: string, seconds: number): void {
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)\n`);
}

async function runChecks(): Promise<void> {
  await Promise.all(
    checks.map(async ([name, command, ...args]) => {
      const { ok, output, seconds } = await run(command, args);
      tell(ok, name, seconds);
      if (ok) {
        tally.passed += 1;
        return;
      }
      process.stdout.write(`${output}\n`);
      tally.failures.push(`FAIL ${name}`);
    }),
  );
}

type Report = {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** What kept the file from being loaded. */
    readonly message: string;
    readonly assertionResults: readonly Result[];
  }[];
};
type Result = {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[] | undefined;
};

async function runTests(project: string, folder: string): Promise<void> {
  const file = join(folder, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  // These share nothing and wait for no time; files of others run one after the other, or they would wait for each other.
  const workers = ["unit", "chart"].includes(project) ? [`--maxWorkers=${availableParallelism()}`] : [];
  const files = partOf[project] ?? [];
  const args = ["run", "--project", project, ...files, ...workers, ...reporters];
  const { ok, output, seconds } = await run("vitest", args);
  process.stdout.write(output);
  tell(ok, `${project} tests`, seconds);
  const before = tally.failures.length;
  const report = reportIn(file);
  if (report !== undefined) take(report);
  // Whatever else vitest ends for counts as one: a report that is not there, an error between tests.
  if ((!ok || report === undefined) && tally.failures.length === before) tally.failures.push(`FAIL ${project} tests`);
}

function reportIn(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

function take({ numPassedTests, testResults }: Report): void {
  tally.passed += numPassedTests;
  for (const { name, status, message, assertionResults } of testResults) {
    const failed = assertionResults.filter((one) => one.status === "failed");
    for (const one of failed) noteFailure(name, one.fullName, one.failureMessages?.[0] ?? "");
    if (status === "failed" && failed.length === 0) noteFailure(name, "", message); // it could not be loaded
    const others = assertionResults.filter((one) => !["passed", "failed"].includes(one.status));
    tally.skipped.push(...others.map(({ fullName }) => fullName));
  }
}

/** Told at the end again, without the stack: what failed stands far above the output of the suites that end later. */
function noteFailure(file: string, test: string, message: string): void {
  const said = stripVTControlCharacters(message).split(/\n\s+at /)[0] ?? "";
  const lines = said.split("\n").slice(0, FAILURE_LINES);
  tally.failures.push([`FAIL ${relative(root, file)} ${test}`.trim(), ...lines].join("\n     "));
}

/** Each suite's output in one piece, as it ends. */
async function runSuites(folder: string): Promise<void> {
  const waiting = [...suites];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await runTests(next, folder);
  };
  await Promise.all(Array.from({ length: SUITES_AT_ONCE }, lane));
}

function tellSkipped(): void {
  if (!requireAll) for (const name of tally.skipped) process.stdout.write(`skipped ${name}\n`);
  if (!requireAll || tally.skipped.length === 0) return;
  process.stdout.write("REQUIRE_ALL=1: a skipped test is a failure\n");
  tally.failures.push(...tally.skipped.splice(0).map((name) => `FAIL ${name}`));
}

const folder = mkdtempSync(join(tmpdir(), "check-"));
try {
  // Between edits every second counts; in the whole run what needs all processors does not disturb what waits.
  if (quick) await Promise.all([runChecks(), runTests("unit", folder)]);
  else {
    await runChecks();
    await runTests("unit", folder);
    await runSuites(folder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
tellSkipped();
for (const failure of tally.failures) process.stdout.write(`${failure}\n`);
process.stdout.write(`${tally.passed} passed, ${tally.failures.length} failed`);
process.stdout.write(tally.skipped.length > 0 ? `, ${tally.skipped.length} skipped\n` : "\n");
process.exitCode = tally.failures.length === 0 ? 0 : 1;
