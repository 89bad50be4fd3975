import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweep } from "./support/cluster.ts";
import { type Report, type Time, timesText } from "./support/times-text.ts";

// npm run test:cluster: all tests of the real cluster, or the files that are named, and how long each part took.

const folder = mkdtempSync(join(tmpdir(), "cluster-times-"));
const [times, report] = [join(folder, "times"), join(folder, "report.json")];
writeFileSync(times, "");
try {
  const begin = performance.now();
  process.exitCode = await run();
  const seconds = (performance.now() - begin) / 1000;
  // Not there: vitest has said why it could not begin.
  if (existsSync(report)) process.stdout.write(`\n${timesText(readTimes(), readReport(), seconds)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  await sweep(); // vitest that is told to stop leaves the cluster
}

function run(): Promise<number> {
  const reporters = ["--reporter=tree", "--reporter=json", `--outputFile.json=${report}`];
  const asked = process.argv.slice(2);
  const args = ["run", "--project", "cluster", ...reporters, ...asked];
  // After all files, a permission that nobody has used is one too many.
  const env = { ...process.env, CLUSTER_TIMES: times, CLUSTER_WHOLE: asked.length === 0 ? "1" : "0" };
  const child = spawn("vitest", args, { stdio: "inherit", env });
  process.on("SIGTERM", () => child.kill());
  process.on("SIGINT", () => {}); // a terminal tells vitest as well
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve(code ?? 1));
  });
}

function readTimes(): readonly Time[] {
  const lines = readFileSync(times, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Time);
}

function readReport(): Report {
  return JSON.parse(readFileSync(report, "utf8")) as Report;
}
