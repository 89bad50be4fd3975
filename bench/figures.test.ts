import { describe, expect, it } from "vitest";
import { median, rotated, shown } from "./figures.ts";

describe("figures", () => {
  it.each([
    { values: [3, 1, 2], middle: 2 },
    { values: [4, 1, 3, 2], middle: 2.5 },
    { values: [7], middle: 7 },
    { values: [], middle: Number.NaN },
  ])("finds the median of $values", ({ values, middle }) => {
    expect(median(values)).toBe(middle);
  });

  it.each([
    { round: 0, order: ["a", "b", "c"] },
    { round: 1, order: ["b", "c", "a"] },
    { round: 5, order: ["c", "a", "b"] },
  ])("begins round $round with $order.0", ({ round, order }) => {
    expect(rotated(["a", "b", "c"], round)).toEqual(order);
  });

  it.each([
    { value: 12_345.6, text: "12346" },
    { value: 0.123_45, text: "0.123" },
    { value: 5.5, text: "5.5" },
    { value: Number.NaN, text: "–" },
  ])("shows $value as $text", ({ value, text }) => {
    expect(shown(value)).toBe(text);
  });
});
