import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

// npm run test:cluster: all tests of the real cluster, or the files that are named, and how long each part took.

type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};
type Row = readonly [part: string, seconds: number, tests: string];

const folder = mkdtempSync(join(tmpdir(), "cluster-times-"));
const [times, report] = [join(folder, "times"), join(folder, "report.json")];
writeFileSync(times, "");
try {
  process.exitCode = await run();
  if (existsSync(report)) tell([...setupRows(), ...testRows()]); // not there: vitest has said why it could not begin
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(): Promise<number> {
  const reporters = ["--reporter=tree", "--reporter=json", `--outputFile.json=${report}`];
  const args = ["run", "--project", "cluster", ...reporters, ...process.argv.slice(2)];
  const child = spawn("vitest", args, { stdio: "inherit", env: { ...process.env, CLUSTER_TIMES: times } });
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve(code ?? 1));
  });
}

/** What is no test; what there was several times of, together. */
function setupRows(): readonly Row[] {
  const lines = readFileSync(times, "utf8").split("\n").filter(Boolean);
  const parts = lines.map((line) => line.split("\t") as [string, string]);
  return [...Map.groupBy(parts, ([part]) => part)].map(([part, all]) => {
    const seconds = all.reduce((sum, [, one]) => sum + Number(one), 0);
    return [part, seconds, all.length > 1 ? `${all.length} times` : ""];
  });
}

function testRows(): readonly Row[] {
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  return testResults.map(({ name, startTime, endTime, assertionResults }) => {
    const passed = assertionResults.filter(({ status }) => status === "passed").length;
    const part = basename(name, ".test.ts");
    return [part, (endTime - startTime) / 1000, `${passed} of ${assertionResults.length} tests passed`];
  });
}

function tell(rows: readonly Row[]): void {
  const total: Row = ["together", rows.reduce((sum, [, seconds]) => sum + seconds, 0), ""];
  const width = Math.max(...rows.map(([part]) => part.length));
  process.stdout.write(`\n${"part".padEnd(width)}  seconds\n`);
  for (const [part, seconds, tests] of [...rows, total]) {
    process.stdout.write(`${part.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}  ${tests}`.trimEnd().concat("\n"));
  }
}
