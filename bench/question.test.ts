import { expect, it } from "vitest";
import { atLeast, atMost } from "./question.ts";

it.each([
  { measured: 8, holds: true },
  { measured: 8.1, holds: false },
  { measured: Number.NaN, holds: false },
])("holds a budget of 8 to $measured: $holds", ({ measured, holds }) => {
  expect(atMost("time", measured, 8, "s").holds).toBe(holds);
});

it.each([
  { measured: 10, holds: true },
  { measured: 9.9, holds: false },
  { measured: Number.NaN, holds: false },
])("holds a floor of 10 to $measured: $holds", ({ measured, holds }) => {
  expect(atLeast("ratio", measured, 10, "").holds).toBe(holds);
});
