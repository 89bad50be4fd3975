import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { weakPoints } from "./weak-points.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "");

describe("the table of weak points", () => {
  it("has each of the 57 of MIC and the 38 of NMI once, in order", () => {
    const upTo = (letter: string, last: number) => Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);
    expect(weakPoints.map(({ id }) => id)).toEqual([...upTo("M", 57), ...upTo("N", 38)]);
  });

  it.each(weakPoints)("$id names one place to break, which breaking changes", ({ breakage }) => {
    expect(read(breakage.file).split(breakage.find)).toHaveLength(2);
    expect(breakage.replace).not.toBe(breakage.find);
  });

  it.each(weakPoints)("$id names tests that are there, first one that runs the code as it is written", ({ tests }) => {
    expect(tests[0]?.file).toMatch(/\.test\.ts$/);
    expect(tests[0]?.file).not.toMatch(/^test\/e2e/); // these run the built programs
    for (const { file, name } of tests) expect(`${file}: ${read(file).includes(name)}`).toBe(`${file}: true`);
  });

  it.each(weakPoints)("$id says in sentences what the original does, and what is done here", ({ original, ours }) => {
    for (const text of [original, ours]) expect(text).toMatch(/^\S.*\.$/);
  });
});
