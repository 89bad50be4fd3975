import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    [0, "0ms"],
    [1500, "1.5s"],
    [60_000, "1m0s"],
    [3_600_000, "1h0m0s"],
  ])("prints %i ms as %s", (ms, printed) => {
    expect(formatDuration(ms)).toBe(printed);
  });

  it.each([
    ["1.h", 3_600_000],
    ["+.5s", 500],
    ["1h.5m", 3_630_000],
    ["2us3µs5μs10ns", 0.01001],
    ["+0", 0],
    ["-0", 0],
    ["-1s", -1000],
  ])("reads %s as Go does", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", ".", "s", ".s", "+", "+-1s", "1", "1 h", "1e3s", "1d", "1h-1m"])("refuses '%s'", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("reads what it prints", () => {
    return fc.assert(
      fc.property(fc.nat(100_000), (s) => {
        expect(parseDuration(formatDuration(s * 1000))).toBe(s * 1000);
      }),
    );
  });
});
