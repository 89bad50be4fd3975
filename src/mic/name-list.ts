const MOST_NAMES = 20;

/** A list as the original printed it, but not endless. */
export function nameList(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `[${names.slice(0, MOST_NAMES).join(" ")}${more}]`;
}
