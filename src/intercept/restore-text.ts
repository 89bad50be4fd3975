import type { Drift } from "./drift.ts";
import type { Table } from "./rules.ts";
import { type SavedTable, targetOf } from "./saved.ts";

/** What `iptables-restore --noflush` takes to put chains of one table right, in one step that others see whole. */
export function repairText(table: Table, drifts: readonly Drift[]): string {
  const lines = drifts.flatMap(({ chain: { name, hook, rules }, jumps }) => [
    `:${name} - [0:0]`, // makes the chain, or empties it
    ...rules.map((rule) => `-A ${name} ${rule}`),
    ...jumps.map(({ text }) => `-D ${hook} ${text}`),
    `-I ${hook} 1 -j ${name}`,
  ]);
  return commit(table, lines);
}

export type Removal = { readonly chains: readonly string[]; readonly text: string };

/** What it takes to remove chains of a table and every jump to them; undefined when none is there. */
export function removalText(table: Table, names: readonly string[], saved: SavedTable): Removal | undefined {
  const chains = names.filter((name) => saved.chains.has(name));
  if (chains.length === 0) return undefined;
  const jumps = saved.rules.filter((rule) => chains.includes(targetOf(rule) ?? "") && !chains.includes(rule.chain));
  const lines = [
    ...jumps.map(({ chain, text }) => `-D ${chain} ${text}`),
    ...chains.map((name) => `-F ${name}`),
    ...chains.map((name) => `-X ${name}`),
  ];
  return { chains, text: commit(table, lines) };
}

function commit(table: Table, lines: readonly string[]): string {
  return [`*${table}`, ...lines, "COMMIT", ""].join("\n");
}
