/** Stands before what is wrong. */
export const FOUND = "This is wrong:\n";

export type Failure = {
  readonly seed: number;
  readonly path: string;
  readonly problems: readonly string[];
  /** The bytes of each connection, after the name of its caller. */
  readonly sent: readonly string[];
};
export type Report = {
  readonly connections: number;
  /** Those that were generated: each connection has one more, which ends it. */
  readonly requests: number;
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests that arrived at the metadata service. */
  readonly arrived: number;
  /** Memory of NMI after each round. */
  readonly residentMb: readonly number[];
  readonly failure?: Failure;
};

/** What was seen, as people read it, with what does it again. */
export function tellReport({ failure, ...seen }: Report): string {
  const counts = JSON.stringify(seen);
  if (failure === undefined) return counts;
  const { seed, path, problems, sent } = failure;
  const again = `Again: npm run fuzz -- --seed ${seed} --path ${path}`;
  return [`${counts}\n${FOUND}${problems.join("\n")}`, "This was sent:", ...sent, again].join("\n");
}
