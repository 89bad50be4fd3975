import { parseArgs } from "node:util";
import { checkRequests } from "./check.ts";
import { findDefects } from "./find-defects.ts";
import { tellReport } from "./report.ts";
import { startWorld } from "./world.ts";

// Sends NMI random requests: `npm run fuzz`, `-- --requests 5000 --seed 7`, `-- --seed 7 --path 3:0` for one batch,
// `-- --defects` for the mistakes that have to be found.

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: process.env.FUZZ_SEED ?? String(Date.now() % 1_000_000_000) },
    requests: { type: "string", default: process.env.FUZZ_REQUESTS ?? "100000" },
    path: { type: "string" },
    "no-shrink": { type: "boolean", default: false },
    defects: { type: "boolean", default: false },
  },
});
const [seed, requests] = [Number(values.seed), Number(values.requests)];

if (values.defects) process.exitCode = (await findDefects({ seed, requests: Math.min(requests, 20_000) })) ? 0 : 1;
else await sendAll();

async function sendAll(): Promise<void> {
  process.stdout.write(`${requests} requests, seed ${seed}\n`);
  await using world = await startWorld();
  const report = await checkRequests(world, { seed, requests, path: values.path, shrinks: !values["no-shrink"] });
  process.stdout.write(`${tellReport(report)}\n`);
  const problems = report.failure === undefined ? await world.problems() : [];
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (report.failure !== undefined || problems.length > 0) process.exitCode = 1;
}
