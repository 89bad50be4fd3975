/** What a question of the bench is asked with, beside its own flags. */
export type Asked = {
  readonly rounds: number;
  /** Smaller and shorter, to see that it works; nothing is written. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears what is going on. */
  readonly say: (line: string) => void;
};
/** Whether a number is within its budget. */
export type Verdict = {
  readonly what: string;
  readonly measured: number;
  readonly budget: number;
  /** Which way the number may differ from the budget. */
  readonly bound: "≤" | "≥";
  readonly unit: string;
  readonly holds: boolean;
};
export type Answer = {
  /** Everything that was measured, for `bench/<name>.json`. */
  readonly raw: object;
  /** The same for people, as Markdown, for `bench/<name>.md`. */
  readonly page: string;
  readonly verdicts: readonly Verdict[];
};
export type Question = (asked: Asked) => Promise<Answer>;

/** A budget that is not to be exceeded; a number that is missing holds none. */
export function atMost(what: string, measured: number, budget: number, unit: string): Verdict {
  return { what, measured, budget, bound: "≤", unit, holds: measured <= budget };
}

/** A number that is to be reached. */
export function atLeast(what: string, measured: number, budget: number, unit: string): Verdict {
  return { what, measured, budget, bound: "≥", unit, holds: measured >= budget };
}
