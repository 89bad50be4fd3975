import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestRef } from "../test/coverage/weak-point.ts";

/**
 * `red`: an expectation did not hold. `crashed`: the test failed by something else, as by an error or by its time limit.
 * `skipped`: this machine lacks something. `not there`: no test has the name. `not running`: the file did not load.
 */
export type Colour = "green" | "red" | "crashed" | "skipped" | "not there" | "not running";

/** Broken code may run for ever. */
const LONGEST_MS = 5 * 60_000;

type Result = Report["testResults"][number]["assertionResults"][number];
export type Report = {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

/** The project of the test runner that a test file belongs to; the quickest come last. */
const projects = [
  { name: "e2e", holds: (file: string) => file.startsWith("test/e2e/") },
  { name: "chart", holds: (file: string) => file.startsWith("test/chart/") },
  { name: "contract", holds: (file: string) => file.startsWith("test/contract/") },
  { name: "live", holds: (file: string) => file.endsWith(".live.test.ts") },
  { name: "unit", holds: () => true },
] as const;

export function projectOf({ file }: TestRef): (typeof projects)[number]["name"] {
  return projects.find(({ holds }) => holds(file))?.name ?? "unit";
}

/** How long a test is likely to take, for those who sort tests: 0 for the longest. */
export function rankOf(test: TestRef): number {
  return projects.findIndex(({ name }) => name === projectOf(test));
}

/** Runs the tests of a file whose names hold the text, in a tree like this repository's. */
export async function runTest(tree: string, test: TestRef): Promise<Colour> {
  const report = join(tree, "one-test.json");
  rmSync(report, { force: true });
  const name = test.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const reporter = ["--reporter=json", `--outputFile.json=${report}`];
  const args = ["run", "--project", projectOf(test), ...reporter, "-t", name, test.file];
  const child = spawn(join(tree, "node_modules/.bin/vitest"), args, {
    cwd: tree,
    stdio: "ignore",
    timeout: LONGEST_MS,
  });
  await new Promise((resolve) => child.once("close", resolve));
  if (!existsSync(report)) return "not running";
  return colourOf(JSON.parse(readFileSync(report, "utf8")) as Report, test.name);
}

/** What the runner's report says of the tests whose names hold the text. */
export function colourOf({ success, testResults }: Report, name: string): Colour {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const found = results.filter(({ fullName }) => fullName.includes(name));
  const statuses = found.map(({ status }) => status);
  if (statuses.includes("failed")) return found.some(isUnmet) ? "red" : "crashed";
  if (!success) return "not running";
  if (statuses.includes("passed")) return "green";
  return statuses.length > 0 ? "skipped" : "not there";
}

function isUnmet({ failureMessages }: Result): boolean {
  return failureMessages.some((message) =>
    /^(AssertionError|Error: (expected|Property failed|promise (resolved|rejected) ))/.test(message),
  );
}
