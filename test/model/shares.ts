import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Report } from "./check.ts";

export type ShareOptions = {
  readonly seed: number;
  readonly runs: number;
  readonly shrinks: boolean;
  /** The tree whose code is played; this one when absent. */
  readonly root?: string;
};

const ROOT = join(import.meta.dirname, "../..");

/** What was killed in a history is kept in memory: its requests never end. A process plays so many and no more. */
const LARGEST_SHARE = 500;

/**
 * Plays histories, each share in a process and with a seed of its own, as many at once as there are processors; all
 * reports in the order of the seeds.
 */
export async function playInShares({ seed, runs, shrinks, root = ROOT }: ShareOptions): Promise<readonly Report[]> {
  const atOnce = availableParallelism();
  const count = Math.min(runs, Math.max(atOnce, Math.ceil(runs / LARGEST_SHARE)));
  const shares = Array.from({ length: count }, (_, i) => ({
    seed: seed + i,
    runs: Math.floor(runs / count) + (i < runs % count ? 1 : 0),
  }));
  const reports: Report[] = [];
  const queue = shares.entries();
  const worker = async () => {
    for (const [i, share] of queue) reports[i] = await play(root, { ...share, shrinks });
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return reports;
}

function play(root: string, { seed, runs, shrinks }: Omit<ShareOptions, "root">): Promise<Report> {
  const options = [`--seed=${seed}`, `--runs=${runs}`, "--share", ...(shrinks ? [] : ["--no-shrink"])];
  // Faults and aborts are made by the thousand, and nobody reads where.
  const child = spawn(process.execPath, ["--stack-trace-limit=0", join(root, "test/model/main.ts"), ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(said) as Report);
      else reject(new Error(`a share of the histories ended with ${code}: seed ${seed}`));
    });
  });
}
