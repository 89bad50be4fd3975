import { describe, expect, it, vi } from "vitest";
import { pod } from "../../test/support/make.ts";
import { loopInHand } from "../../test/support/time/loop-in-hand.ts";
import { Fault } from "../base/fault.ts";

describe("a machine without room in Azure's limits", () => {
  it("waits for room in Azure's limits, writes records meanwhile, and then does what is wished by then", async () => {
    const t = loopInHand();
    t.delay(() => 10_000);
    await t.look();
    expect(t.works.map(({ plan: { work, attach } }) => [work.map(({ awaits }) => awaits), attach])).toEqual([
      [[undefined], []],
    ]);
    t.works[0]?.end({ fault: undefined });
    t.becomes({ pods: [pod("b")] });
    await t.look(1);
    expect([t.failures, t.told().waits]).toEqual([[], [10_000]]);

    t.delay(() => 0);
    t.clock.advance(10_000);
    t.works[1]?.end({ fault: undefined });
    await t.look();
    expect(t.works[2]?.plan.work.map(({ draft }) => draft?.pod)).toEqual(["b"]);
    expect(t.works[2]?.plan.attach).toHaveLength(1);
    await t.end();
  });

  it("rests after a failure while it waits for room, and not for the sake of what waits anyway", async () => {
    const t = loopInHand();
    t.delay(() => 600_000);
    await t.look();
    t.works[0]?.end({ fault: new Fault("ARM_ERROR", "Azure hiccups") });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    await t.look(1);
    t.becomes({});
    await t.look(1);
    expect(t.works).toHaveLength(1);
    await t.end();
  });

  it("lets each pod that waits be told, those that come meanwhile too, with the time that is left", async () => {
    const t = loopInHand();
    t.delay(() => 40_000);
    await t.look();
    t.works[0]?.end({ fault: undefined });
    await t.look(1);
    t.clock.advance(10_000);
    t.works[1]?.end({ fault: undefined });
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    const [first, ...later] = t.told().awaited;
    expect(first).toEqual({ pods: ["a"], ms: 40_000 });
    expect(later.at(-1)?.pods).toEqual(["a", "b"]);
    expect(later.at(-1)?.ms).toBeLessThan(30_000);
    expect(t.told().waits).toEqual([40_000]);
    await t.end();
  });

  it("says nothing of room when a machine rests for another reason", async () => {
    const t = loopInHand();
    await t.look();
    t.works[0]?.end({ fault: new Fault("ARM_THROTTLED", "slow down", { retryAfterMs: 40_000 }) });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    await t.look(1);
    expect(t.told().awaited).toEqual([]);
    await t.end();
  });
});
