const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
};
/** Both micro signs as escapes: one of them in a program's text, and all of it would take two bytes a character. */
const AMOUNT = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/;
const DURATION = new RegExp(`^[+-]?(?:${AMOUNT.source})+$`);

/** Go's text of a duration in milliseconds; undefined when it is none. A unit is required, except for 0. */
export function parseDuration(value: string): number | undefined {
  if (/^[+-]?0$/.test(value)) return 0;
  if (!DURATION.test(value)) return undefined;
  let sum = 0;
  for (const [, amount = "", unit = ""] of value.matchAll(new RegExp(AMOUNT, "g"))) {
    sum += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return value.startsWith("-") ? -sum : sum;
}

/** Milliseconds as Go prints a duration, e.g. `1h0m0s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}
