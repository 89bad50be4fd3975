import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/azure/fake-azure.ts";

const MINUTE = 60_000;
const [a, b, c, d] = [idKey("a"), idKey("b"), idKey("c"), idKey("d")] as const;

describe("room for changes", () => {
  it("is for four changes of a machine in any minute; it says so before", async () => {
    const waiting = Promise.withResolvers<number>();
    const { clock, compute, machines, now } = fakeAzure({ onWait: waiting.resolve });
    for (const one of [a, b, c, d]) await now({ attach: [one] });
    expect([machines.delayMs(vm("0")), machines.delayMs(vm("1"))]).toEqual([60_000, 0]);
    const fifth = now({ detach: [a] });
    expect(await waiting.promise).toBe(60_000);
    clock.advance(59_999);
    expect(compute.patches.length).toBe(4);
    clock.advance(1);
    expect((await fifth).done).toEqual(new Set([a]));
  });

  it("is never taken by reads that nobody waits for, however often these come", async () => {
    const { clock, compute, machines, now } = fakeAzure();
    const delays = new Set<number>();
    for (let second = 0; second < 600; second += 1) {
      if (machines.mayRead(vm("0"))) await machines.read(vm("0"), new AbortController().signal);
      delays.add(machines.delayMs(vm("0")));
      clock.advance(1_000);
    }
    expect([[...delays], compute.gets]).toEqual([[0], 69]); // of 18 that are there 8 are spared, and 6 a minute come
    for (const one of [a, b, c, d]) await now({ attach: [one] });
    expect([compute.patches.length, machines.mayRead(vm("0"))]).toEqual([4, false]);
    expect(machines.mayRead(vm("1"))).toBe(true);
  });

  it("is never exceeded while bad identities are searched for", async () => {
    const { clock, compute, patch } = fakeAzure();
    compute.naming = "none";
    compute.refuse(idKeys(3));
    const times: number[] = [];
    const update = compute.update.bind(compute);
    compute.update = (...all) => {
      times.push(clock.monotonic());
      return update(...all);
    };
    await patch({ attach: idKeys(20) });
    expect(times.length).toBeGreaterThan(8);
    for (const [i, at] of times.entries()) {
      expect(times.filter((one) => one >= at && one < at + MINUTE).length, `from ${i}`).toBeLessThanOrEqual(4);
    }
  });

  it("is left between a change that was refused and the rest of it", async () => {
    const { clock, compute, now } = fakeAzure({ retryIntervalMs: 7_000 });
    compute.refuse([a]);
    const patching = now({ attach: [a, b] });
    await expect.poll(() => [compute.patches.length, clock.sleepers]).toEqual([1, 1]);
    clock.advance(6_999);
    expect([compute.patches.length, clock.sleepers]).toEqual([1, 1]);
    clock.advance(1);
    expect((await patching).done).toEqual(new Set([b]));
  });
});
