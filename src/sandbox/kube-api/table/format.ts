import { isList, isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How long something took or has been there, in the two largest units that say anything: `95s`, `3m7s`, `26h`, `2d`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const pair = (large: number, a: string, small: number, b: string) => {
    const [whole, rest] = [Math.floor(seconds / large), Math.floor((seconds % large) / small)];
    return rest === 0 ? `${whole}${a}` : `${whole}${a}${rest}${b}`;
  };
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return pair(MINUTE, "m", 1, "s");
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return pair(HOUR, "h", MINUTE, "m");
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return pair(DAY, "d", HOUR, "h");
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  return seconds < 8 * YEAR ? pair(YEAR, "y", DAY, "d") : `${Math.floor(seconds / YEAR)}y`;
}

/** The time since a moment as text; `<unknown>` without one. */
export function since(time: Json | undefined, now: number): string {
  const ms = Date.parse(textOr(time));
  return Number.isNaN(ms) ? "<unknown>" : duration(now - ms);
}

export function ageOf({ metadata }: JsonObject, now: number): string {
  return since(objectOr(metadata).creationTimestamp, now);
}

/** The text, or what stands for none. */
export function orNone(text: string): string {
  return text === "" ? "<none>" : text;
}

/** The objects of a list that may be missing. */
export function objectsIn(list: Json | undefined): readonly JsonObject[] {
  return isList(list) ? list.filter(isObject) : [];
}

export function numberOr(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** `a=b,c=d` */
export function formatLabels(labels: Json | undefined): string {
  const pairs = Object.entries(objectOr(labels)).map(([name, value]) => `${name}=${value}`);
  return orNone(pairs.sort().join(","));
}

/** A label selector with its expressions as text. */
export function formatSelector(selector: Json | undefined): string {
  const { matchLabels, matchExpressions } = objectOr(selector);
  const labels = Object.entries(objectOr(matchLabels)).map(([name, value]) => `${name}=${value}`);
  const expressions = objectsIn(matchExpressions).map(({ key, operator, values }) => {
    const set = isList(values) ? `(${values.map(String).sort().join(",")})` : "";
    if (operator === "Exists") return `${key}`;
    return operator === "DoesNotExist" ? `!${key}` : `${key} ${operator === "In" ? "in" : "notin"} ${set}`;
  });
  return orNone([...labels.sort(), ...expressions].join(","));
}

/** The first three, and how many more there are. */
export function firstThree(texts: readonly string[]): string {
  const list = texts.slice(0, 3).join(",");
  return texts.length > 3 ? `${list} + ${texts.length - 3} more...` : orNone(list);
}
