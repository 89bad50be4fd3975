/** The middle value; of an even number of values the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] = sorted.slice(sorted.length % 2 === 0 ? middle - 1 : middle, middle + 1);
  return (low + high) / 2;
}

/** Everything in another order each round, so that no one always comes first. */
export function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const cut = by % Math.max(1, items.length);
  return [...items.slice(cut), ...items.slice(0, cut)];
}

/** A number as tables show it: three significant digits, none lost before the point. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
