import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, vm } from "../../test/support/azure/fake-azure.ts";

const never = new AbortController().signal;
const [a, b] = [idKey("a"), idKey("b")] as const;

describe("throttling", () => {
  const throttled = (code: string, retryAfterSeconds?: number) =>
    ({ status: 429, code, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }) as const;

  it("of one machine rests that machine only", async () => {
    const { compute, machines, now, events } = fakeAzure();
    compute.failNext("update", throttled("OperationNotAllowed", 40));
    expect((await now({ attach: [a] })).fault).toMatchObject({ code: "ARM_THROTTLED", retryAfterMs: 40_000 });
    expect([machines.delayMs(vm("0")), machines.delayMs(vm("1"))]).toEqual([40_000, 0]);
    expect((await now({ attach: [a] }, vm("1"))).done).toEqual(new Set([a]));
    expect(events).toEqual([]);
  });

  it("of the subscription keeps all changes back as long as Azure asks, then lets one try", async () => {
    const { clock, compute, machines, now, events } = fakeAzure();
    compute.failNext("update", throttled("SubscriptionRequestsThrottled", 17));
    await now({ attach: [a] });
    expect([machines.delayMs(vm("1")), events]).toEqual([17_000, [["open", "sub"]]]);
    const { fault } = await now({ attach: [a] }, vm("1"));
    expect(fault).toMatchObject({ code: "ARM_THROTTLED", retryAfterMs: 17_000 });
    expect([compute.patches.length, compute.gets]).toEqual([1, 1]);
    clock.advance(17_000);

    const release = compute.hold();
    const trial = machines.patch(vm("1"), { attach: [a], detach: [] }, never);
    await expect.poll(() => compute.patches.length).toBe(2);
    expect((await now({ attach: [b] })).fault?.code).toBe("ARM_THROTTLED");
    release();
    expect((await trial).done).toEqual(new Set([a]));
    expect(events).toEqual([
      ["open", "sub"],
      ["half-open", "sub"],
      ["closed", "sub"],
    ]);
    expect((await now({ attach: [b] })).done).toEqual(new Set([b]));
  });

  it("is tried by another when the one that tried was stopped", async () => {
    const { clock, compute, machines, now } = fakeAzure();
    compute.failNext("update", throttled("SubscriptionRequestsThrottled", 17));
    await now({ attach: [a] });
    clock.advance(17_000);
    compute.hold();
    const stop = new AbortController();
    const trial = machines.patch(vm("1"), { attach: [a], detach: [] }, stop.signal);
    await expect.poll(() => compute.patches.length).toBe(2);
    stop.abort(new Error("enough"));
    await expect(trial).rejects.toThrow("enough");
    expect((await now({ attach: [a] })).done).toEqual(new Set([a]));
  });

  it.each([
    {
      how: "nothing is left of its writes",
      trouble: { ...throttled("TooManyRequests"), remaining: { subscriptionWrites: 0 } },
    },
    { how: "Azure says so", trouble: throttled("SubscriptionRequestsThrottled") },
  ])("is the subscription's when $how", async ({ trouble }) => {
    const { compute, now, events } = fakeAzure();
    compute.failNext("update", trouble);
    await now({ attach: [a] });
    expect(events).toEqual([["open", "sub"]]);
  });

  it("of one machine after the other is the subscription's", async () => {
    const { compute, now, events } = fakeAzure();
    compute.create(vm("2"));
    compute.failNext("update", throttled("TooManyRequests", 30), 3);
    await now({ attach: [a] }, vm("0"));
    await now({ attach: [a] }, vm("1"));
    expect(events).toEqual([]);
    await now({ attach: [a] }, vm("2"));
    expect(events).toEqual([["open", "sub"]]);
  });

  it("is not hammered against: five failures in a row keep calls back, other subscriptions go on", async () => {
    const { compute, machines, events, clock } = fakeAzure();
    compute.failNext("get", { status: undefined, code: "ECONNREFUSED" }, 5);
    for (let i = 0; i < 5; i += 1)
      await expect(machines.read(vm("0"), never)).rejects.toMatchObject({ code: "ARM_UNREACHABLE" });
    await expect(machines.read(vm("1"), never)).rejects.toThrow("asks Azure again in 5 s");
    expect([compute.gets, events]).toEqual([5, [["open", "sub"]]]);
    const other = vm("0").replace("/sub/", "/other/");
    compute.create(other);
    expect((await machines.read(other, never)).type).toBe("None");
    clock.advance(5_000);
    expect((await machines.read(vm("1"), never)).type).toBe("None");
  });
});
