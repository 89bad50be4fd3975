import { describe, expect, it } from "vitest";
import { duration, firstThree, formatLabels, formatSelector, since } from "./format.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

describe("duration", () => {
  it.each([
    [-5 * SECOND, "<invalid>"],
    [-1 * SECOND, "0s"],
    [0, "0s"],
    [119 * SECOND, "119s"],
    [120 * SECOND, "2m"],
    [187 * SECOND, "3m7s"],
    [601 * SECOND, "10m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + 61 * SECOND, "3h1m"],
    [26 * HOUR, "26h"],
    [2 * DAY, "2d"],
    [2 * DAY + HOUR, "2d1h"],
    [8 * DAY + HOUR, "8d"],
    [800 * DAY, "2y70d"],
    [9 * 365 * DAY, "9y"],
  ])("of %s ms is %s", (ms, then) => {
    expect(duration(ms)).toBe(then);
  });

  it("since no time is unknown", () => {
    expect(since(undefined, 0)).toBe("<unknown>");
    expect(since("1970-01-01T00:00:00Z", 5 * SECOND)).toBe("5s");
  });
});

it("shows labels and selectors in the order of their names", () => {
  expect(formatLabels({ b: "2", a: "1" })).toBe("a=1,b=2");
  expect(formatLabels(undefined)).toBe("<none>");
  const matchExpressions = [
    { key: "c", operator: "In", values: ["y", "x"] },
    { key: "d", operator: "DoesNotExist" },
    { key: "e", operator: "Exists" },
  ];
  expect(formatSelector({ matchLabels: { a: "1" }, matchExpressions })).toBe("a=1,c in (x,y),!d,e");
});

it("shows three of many", () => {
  expect(firstThree([])).toBe("<none>");
  expect(firstThree(["a", "b", "c"])).toBe("a,b,c");
  expect(firstThree(["a", "b", "c", "d", "e"])).toBe("a,b,c + 2 more...");
});
