import { expect, it } from "vitest";
import { portProblems } from "./port-problems.ts";

it("every port on which several would listen is told once, with all their flags", () => {
  expect(portProblems({ a: 80, b: 81, c: 80, d: 81, e: 80, f: 82 })).toEqual([
    "--a, --c and --e would listen on one port, 80: choose different ones",
    "--b and --d would listen on one port, 81: choose different ones",
  ]);
});

it("0 is another port for each, since the system chooses", () => {
  expect(portProblems({ a: 0, b: 0, c: 1 })).toEqual([]);
});
