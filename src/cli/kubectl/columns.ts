export type ColumnWidths = { readonly least: number; readonly padding: number };

/**
 * Aligns cells as Go's text/tabwriter does, which `kubectl` prints with: a column is as wide as the widest of its cells in
 * lines that follow each other; the last cell of a line belongs to no column. Lines are of cells.
 */
export function aligned(lines: readonly (readonly string[])[], widths: ColumnWidths): string {
  return block(lines, [], widths)
    .map((line) => `${line}\n`)
    .join("");
}

function block(
  lines: readonly (readonly string[])[],
  known: readonly number[],
  { least, padding }: ColumnWidths,
): string[] {
  const column = known.length;
  const out: string[] = [];
  for (let from = 0; from < lines.length; ) {
    const isInColumn = (line: readonly string[]) => column < line.length - 1;
    const end = lines.findIndex((line, i) => i >= from && !isInColumn(line));
    const to = end < 0 ? lines.length : end;
    if (to === from) {
      out.push(padded(lines[from] ?? [], known));
      from += 1;
      continue;
    }
    const cells = lines.slice(from, to);
    const width = Math.max(least, ...cells.map((line) => (line[column] ?? "").length + padding));
    out.push(...block(cells, [...known, width], { least, padding }));
    from = to;
  }
  return out;
}

function padded(line: readonly string[], widths: readonly number[]): string {
  return line.map((cell, i) => (i < line.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join("");
}
