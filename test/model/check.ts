import fc from "fast-check";
import { type History, histories, tell } from "./history.ts";
import { run } from "./run.ts";
import { type Counts, MET, sum } from "./tally.ts";

export type CheckOptions = {
  readonly seed: number;
  readonly runs: number;
  /** Where a failure lies, as the report of one says; only that history is played. */
  readonly path?: string | undefined;
  /** Look for the smallest history that fails, or be content with the first. */
  readonly shrinks: boolean;
};
export type Report = {
  readonly seed: number;
  /** Histories played until the first failure, or all. */
  readonly played: number;
  /** Changes of machines that MIC asked for in them. */
  readonly changes: number;
  readonly counts: Counts;
  readonly failure?: { readonly path: string; readonly problems: readonly string[]; readonly history: string };
};

/** Plays random histories until one goes wrong. */
export async function checkHistories({ seed, runs, path, shrinks }: CheckOptions): Promise<Report> {
  let changes = 0;
  const counts: Counts[] = [];
  const problems = new Map<History, readonly string[]>();
  const property = fc.asyncProperty(histories, async (history) => {
    const verdict = await run(history);
    changes += verdict.changes;
    counts.push(verdict.counts);
    if (verdict.problems.length > 0) problems.set(history, verdict.problems);
    return verdict.problems.length === 0;
  });
  const at = path === undefined ? {} : { path };
  const found = await fc.check(property, { seed, numRuns: runs, endOnFailure: !shrinks, ...at });
  const [history] = found.counterexample ?? [];
  if (!found.failed || history === undefined) return { seed, played: found.numRuns, changes, counts: sum(counts) };
  const failure = {
    path: found.counterexamplePath ?? "",
    problems: problems.get(history) ?? [String(found.errorInstance ?? "it does not end")],
    history: tell(history),
  };
  return { seed, played: found.numRuns, changes, counts: sum(counts), failure };
}

/** A failure as people read it, with what plays it again. */
export function tellFailure({ seed, played, failure }: Report): string {
  if (failure === undefined) return `${played} histories went well (seed ${seed})`;
  return [
    `history ${played} of seed ${seed} goes wrong:`,
    ...failure.problems.map((problem) => `  ${problem}`),
    "This is what happened:",
    failure.history,
    `Again, with MIC's log: npm run model -- --seed ${seed} --path ${failure.path}`,
  ].join("\n");
}

/** What the histories came to, a line each. */
export function tellCounts(reports: readonly Report[]): string {
  const counts = sum(reports.map((report) => report.counts));
  return MET.map((what) => `${String(counts[what] ?? 0).padStart(7)} × ${what}`).join("\n");
}
