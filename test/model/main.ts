import { parseArgs } from "node:util";
import fc from "fast-check";
import { checkHistories, tellCounts, tellFailure } from "./check.ts";
import { findDefects } from "./find-defects.ts";
import { histories, tell } from "./history.ts";
import { run } from "./run.ts";
import { playInShares } from "./shares.ts";

// Plays MIC's random histories: `npm run model`, `npm run model -- --runs 200 --seed 7`, `-- --seed 7 --path 12:0` for one
// history with MIC's log, `-- --defects` for the defects that have to be found.

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: process.env.MODEL_SEED ?? String(Date.now() % 1_000_000_000) },
    runs: { type: "string", default: process.env.MODEL_RUNS ?? "10000" },
    path: { type: "string" },
    "no-shrink": { type: "boolean", default: false },
    /** One process of several: its report goes to standard output as JSON. */
    share: { type: "boolean", default: false },
    defects: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const runs = Number(values.runs);
const shrinks = !values["no-shrink"];

if (values.share) process.stdout.write(JSON.stringify(await checkHistories({ seed, runs, shrinks })));
else if (values.defects) process.exitCode = (await findDefects({ seed, runs: Math.min(runs, 1_000) })) ? 0 : 1;
else if (values.path !== undefined) await playOne(values.path);
else await playAll();

async function playAll(): Promise<void> {
  process.stdout.write(`${runs} histories, seed ${seed}\n`);
  const reports = await playInShares({ seed, runs, shrinks });
  for (const report of reports) process.stdout.write(`${tellFailure(report)}\n`);
  const changes = reports.reduce((sum, report) => sum + report.changes, 0);
  process.stdout.write(`MIC asked for ${changes} changes of machines\n`);
  process.stdout.write(`${tellCounts(reports)}\n`);
  if (reports.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

async function playOne(path: string): Promise<void> {
  const [history] = fc.sample(histories, { seed, path, numRuns: 1 });
  if (history === undefined) throw new Error(`seed ${seed} has no history ${path}`);
  process.stdout.write(`${tell(history)}\n`);
  const { problems } = await run(history, (line) => process.stdout.write(`${line}\n`));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(problems.length === 0 ? "it goes well\n" : "it goes wrong\n");
  if (problems.length > 0) process.exitCode = 1;
}
