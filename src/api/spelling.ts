import * as v from "valibot";

type Entries = v.ObjectEntries;

/**
 * An object whose keys count in any case: releases before 1.6 wrote `ResourceID`, `Selector` and the like, and their
 * client took every spelling. Today's spelling wins where an object holds both; null counts as absent.
 */
export function anySpelling<const E extends Entries>(entries: E) {
  return v.pipe(v.optional(v.nullable(anyObject, {}), {}), v.transform(spellToday(entries)), v.object(entries));
}

/** Any object as it is: to copy it first, as a schema of its entries does, would take half of the time of reading a record. */
const anyObject = v.custom<Readonly<Record<string, unknown>>>(
  (input) => typeof input === "object" && input !== null,
  ({ received }) => `Invalid type: Expected Object but received ${received}`,
);

function spellToday(entries: Entries) {
  const today = new Map(Object.keys(entries).map((name) => [name.toLowerCase(), name]));
  return (raw: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    for (const key of Object.keys(raw)) {
      const value = raw[key];
      const name = Object.hasOwn(entries, key) ? key : today.get(key.toLowerCase());
      if (name === undefined || isEmpty(value)) continue;
      if (key === name || !(name in found)) found[name] = value;
    }
    return found;
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
