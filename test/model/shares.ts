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

/** Plays histories in as many processes as there are processors, each with a seed of its own; all reports. */
export async function playInShares({ seed, runs, shrinks, root = ROOT }: ShareOptions): Promise<readonly Report[]> {
  const count = Math.min(runs, availableParallelism());
  const shares = Array.from({ length: count }, (_, i) => ({
    seed: seed + i,
    runs: Math.floor(runs / count) + (i < runs % count ? 1 : 0),
  }));
  return await Promise.all(shares.map((share) => play(root, { ...share, shrinks })));
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
