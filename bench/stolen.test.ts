import { expect, it } from "vitest";
import { readTimes, stolenPercent } from "./stolen.ts";

it("what a machine's host took from it is told as a part of what it wanted, idle time left out", () => {
  const before = readTimes("cpu  100 10 50 9000 70 5 5 30 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  expect(before).toEqual({ busy: 170, stolen: 30 });
  const after = readTimes("cpu  160 10 80 12000 90 5 5 40 0 0\n");
  expect(stolenPercent(before, after)).toBe(10);
  expect(stolenPercent(after, after)).toBe(0);
});

it("this machine tells it", () => {
  const { busy, stolen } = readTimes();
  expect(busy).toBeGreaterThan(0);
  expect(stolen).toBeGreaterThanOrEqual(0);
});
