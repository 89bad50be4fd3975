const ACRONYMS = ["API", "URL", "UID", "OSB", "GUID"];

/** How `kubectl describe` writes the name of a field: `clientID` is "Client ID". */
export function labelOf(field: string): string {
  if (/[^\p{L}-]/u.test(field)) return field;
  const parts = field.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|-/gu) ?? [field];
  return parts
    .map((part) =>
      ACRONYMS.includes(part.toUpperCase()) ? part.toUpperCase() : part.charAt(0).toUpperCase() + part.slice(1),
    )
    .join(" ");
}
