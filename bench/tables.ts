import { cpus, totalmem } from "node:os";
import { shown } from "./figures.ts";
import type { Verdict } from "./question.ts";
import { readTimes, stolenPercent } from "./stolen.ts";

const atStart = readTimes();

type Cell = string | number | undefined;

/** A table in Markdown; numbers with three digits. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map(cellText).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cellText(cell: Cell): string {
  return typeof cell === "string" ? cell : shown(cell ?? Number.NaN);
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, measured, budget, bound, unit, holds }) => {
    return [what, `${shown(measured)} ${unit}`, `${bound} ${budget} ${unit}`, holds ? "holds" : "**missed**"];
  });
  return table(["budget", "measured", "allowed", ""], rows);
}

/** Where and when numbers were made; without it they say nothing. */
export function circumstances() {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    processor: `${cpus().length} × ${first?.model ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    stolenPercent: stolenPercent(atStart, readTimes()),
  };
}

/** The same in a sentence or two. */
export function circumstancesText(where: ReturnType<typeof circumstances>): string {
  const { date, processor, memoryGb, node, stolenPercent: stolen } = where;
  const machine = `${date}, ${processor}, ${memoryGb} GB, Node ${node}.`;
  return `${machine} Its host gave ${shown(stolen)} % of the processor time that was wanted to others.`;
}
