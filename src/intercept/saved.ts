export type SavedRule = {
  readonly chain: string;
  /** Without `-A <chain>`. */
  readonly text: string;
};

/** One table as `iptables-save` prints it. */
export type SavedTable = {
  readonly chains: ReadonlySet<string>;
  readonly rules: readonly SavedRule[];
};

const nothing: SavedTable = { chains: new Set(), rules: [] };

/** What a run of `iptables-save` printed; a table that it does not name is empty. */
export function readSaved(text: string): (table: string) => SavedTable {
  const tables = new Map<string, { chains: Set<string>; rules: SavedRule[] }>();
  let current = { chains: new Set<string>(), rules: [] as SavedRule[] };
  for (const line of text.split("\n")) {
    const [, mark, name = "", rest = ""] = /^(\*|:|-A )(\S+) ?(.*)$/.exec(line) ?? [];
    if (mark === "*") {
      current = { chains: new Set(), rules: [] };
      tables.set(name, current);
    } else if (mark === ":") current.chains.add(name);
    else if (mark === "-A ") current.rules.push({ chain: name, text: rest.trimEnd() });
  }
  return (table) => tables.get(table) ?? nothing;
}

/** The chain that a rule hands packets to; undefined when it decides otherwise. */
export function targetOf({ text }: SavedRule): string | undefined {
  // Words of a comment stand in quotes and are no options.
  return /(?:^| )-[jg] (\S+)/.exec(text.replace(/"(\\.|[^"\\])*"/g, '""'))?.[1];
}
