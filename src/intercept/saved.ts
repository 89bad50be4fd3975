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

const RULE = "-A ";
const nothing: SavedTable = { chains: new Set(), rules: [] };

/** What a run of `iptables-save` printed; a table that it does not name is empty. */
export function readSaved(text: string): (table: string) => SavedTable {
  const tables = new Map<string, { chains: Set<string>; rules: SavedRule[] }>();
  let current = { chains: new Set<string>(), rules: [] as SavedRule[] };
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) {
      current = { chains: new Set(), rules: [] };
      tables.set(wordOf(line, 1), current);
    } else if (line.startsWith(":")) current.chains.add(wordOf(line, 1));
    else if (line.startsWith(RULE)) {
      const chain = wordOf(line, RULE.length);
      current.rules.push({ chain, text: line.slice(RULE.length + chain.length + 1).trimEnd() });
    }
  }
  return (table) => tables.get(table) ?? nothing;
}

/** Up to the next space. Without an expression: a node has thousands of rules, which are read twice a second. */
function wordOf(line: string, from: number): string {
  const end = line.indexOf(" ", from);
  return end < 0 ? line.slice(from) : line.slice(from, end);
}

export type Condition = { readonly option: string; readonly value: string; readonly isNot: boolean };

/** The options of a rule in order, each with its first value; words of a comment stand in quotes and are none. */
export function conditionsOf({ text }: SavedRule): Condition[] {
  const words = text.replace(/"(\\.|[^"\\])*"/g, '""').split(" ");
  return words.flatMap((option, at) =>
    option.startsWith("-") ? [{ option, value: words[at + 1] ?? "", isNot: words[at - 1] === "!" }] : [],
  );
}

/** The chain that a rule hands packets to; undefined when it decides otherwise. */
export function targetOf(rule: SavedRule): string | undefined {
  return conditionsOf(rule).find(({ option }) => option === "-j" || option === "-g")?.value;
}
