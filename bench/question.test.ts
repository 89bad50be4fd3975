import { expect, it } from "vitest";
import { atMost } from "./question.ts";

it.each([
  { measured: 8, holds: true },
  { measured: 8.1, holds: false },
  { measured: Number.NaN, holds: false },
])("holds a budget of 8 to $measured: $holds", ({ measured, holds }) => {
  expect(atMost("time", measured, 8, "s").holds).toBe(holds);
});
