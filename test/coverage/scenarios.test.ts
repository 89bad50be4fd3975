import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scenarioSections } from "./scenarios.ts";

const root = join(import.meta.dirname, "../..");
const rows = scenarioSections.flatMap(({ scenarios }) => scenarios);

describe("the table of scenarios", () => {
  it("has each scenario once", () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  it.each(rows)("$id names tests that are there, or says why there is none", (row) => {
    if ("instead" in row) return expect(row.instead).toMatch(/\w.*\.$/);
    expect(row.tests).not.toEqual([]);
    expect(row.tests.filter(({ file, name }) => !text(file).includes(name))).toEqual([]);
  });
});

function text(file: string): string {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
