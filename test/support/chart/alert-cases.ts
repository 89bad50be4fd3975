/** Series as promtool writes them: a metric with its labels, and a value each minute. */
export type Series = Readonly<Record<string, string>>;
/** What an alert says of some series, after an hour: its labels and the summary, or nothing. */
export type AlertCase = {
  readonly when: string;
  readonly series: Series;
  readonly fires?: readonly { readonly labels?: Readonly<Record<string, string>>; readonly summary: string }[];
};

/** A histogram that grows by as much each minute. */
export const buckets = (name: string, limits: readonly (readonly [le: string, perMinute: number])[]): Series =>
  Object.fromEntries(limits.map(([le, count]) => [`${name}_bucket{le="${le}"}`, `0+${count}x90`]));
