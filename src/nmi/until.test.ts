import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { until } from "./until.ts";

it("what is waited for is seen at the change that brings it, not at the next round", async () => {
  const clock = new FakeClock();
  const listeners = new Set<() => void>();
  const onChange = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  let value = 0;
  let seen: number | undefined;
  const signal = new AbortController().signal;
  const waiting = until(
    () => value,
    (one) => one === 2,
    { onChange, timeoutMs: 80_000, clock, signal },
  ).then((one) => {
    seen = one;
  });
  for (value = 1; value <= 2; value += 1) {
    for (const listener of listeners) listener();
    await setImmediate();
    expect(seen).toBe(value === 2 ? 2 : undefined);
  }
  await waiting;
  expect([listeners.size, clock.sleepers, clock.monotonic()]).toEqual([0, 0, 0]);
});
