import { expect, it } from "vitest";
import { settleAll } from "./at-once.ts";

const never = new AbortController().signal;

it("gives a result for each item, in order, and never works on more than the limit at once", async () => {
  let [now, most] = [0, 0];
  const results = await settleAll([1, 2, 3, 4, 5], { limit: 2, signal: never }, async (n) => {
    now += 1;
    most = Math.max(most, now);
    await Promise.resolve();
    now -= 1;
    if (n === 2) throw new Error("no twos");
    return n * 10;
  });
  expect(most).toBe(2);
  expect(results.map((one) => ("value" in one ? one.value : one.fault.message))).toEqual([10, "no twos", 30, 40, 50]);
});

it("stops with the signal's reason", async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  const all = settleAll([1, 2, 3], { limit: 1, signal: stop.signal }, async (n) => {
    seen.push(n);
    stop.abort(new Error("enough"));
  });
  await expect(all).rejects.toThrow("enough");
  expect(seen).toEqual([1]);
});
