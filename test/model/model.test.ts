import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkHistories, tellCounts, tellFailure } from "./check.ts";
import { defects } from "./defects.ts";
import { playInShares } from "./shares.ts";

const root = join(import.meta.dirname, "../..");
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 1_000_000_000);
const runs = Number(process.env.MODEL_RUNS ?? 1_000);

it("MIC puts everything right after whatever has happened, and never does harm meanwhile", async () => {
  process.stdout.write(`${runs} histories, seed ${seed}\n`);
  const reports = await playInShares({ seed, runs, shrinks: true });
  process.stdout.write(`${tellCounts(reports)}\n`);
  expect(
    reports
      .filter(({ failure }) => failure !== undefined)
      .map(tellFailure)
      .join("\n\n"),
  ).toBe("");
});

it("plays a history the same way each time", async () => {
  const once = await checkHistories({ seed, runs: 3, shrinks: false });
  const again = await checkHistories({ seed, runs: 3, shrinks: false });
  expect(again).toEqual(once);
  expect(once.changes).toBeGreaterThan(0);
});

it.for(defects)("knows where to put the defect: $name", ({ file, find }) => {
  expect(readFileSync(join(root, file), "utf8").split(find)).toHaveLength(2);
});
