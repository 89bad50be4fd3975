import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
/** All code that a request comes through. */
const onTheWay = ["api", "identity", "nmi", "tokens"].map((folder) => `src/${folder}/**/*.ts`);

/** Within a function, thus each time that it runs. */
const MADE_ANEW = /^\s.*\bRegExp\(/m;

it("no request makes a pattern: all are read with the code", () => {
  const files = globSync(onTheWay, { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => MADE_ANEW.test(readFileSync(join(root, file), "utf8")))).toEqual([]);
});
