import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/fake-azure.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;
const [a, b, c, d] = [idKey("a"), idKey("b"), idKey("c"), idKey("d")] as const;

describe("a patch", () => {
  it("asks for nothing when nothing is wished, and changes nothing when nothing differs", async () => {
    const { compute, patch } = fakeAzure();
    expect(await patch({})).toEqual({ done: new Set(), refused: new Map(), fault: undefined });
    expect(compute.gets).toBe(0);
    expect((await patch({ detach: [a] })).done).toEqual(new Set([a]));
    expect([compute.gets, compute.patches]).toEqual([1, []]);
  });

  it("tells of a machine that is none, as of anything that goes wrong", async () => {
    const { machines, now } = fakeAzure();
    expect(machines.delayMs("vm-0")).toBe(0);
    const { fault } = await now({ attach: [a] }, "vm-0");
    expect(fault).toMatchObject({ code: "UNEXPECTED", message: "not the ARM ID of a machine: vm-0" });
  });

  it("takes spellings of one ID for one identity, and what is wished on and off stays", async () => {
    const { compute, patch } = fakeAzure();
    const { done, fault } = await patch({ attach: [a.toUpperCase(), a], detach: [a.replace("resource", "Resource")] });
    expect([done, fault, compute.on(vm("0"))]).toEqual([new Set([a]), undefined, [a]]);
    expect(compute.patches).toHaveLength(1);
  });

  it("goes on in steps of 150 that lose nothing when one is refused", async () => {
    const { compute, patch } = fakeAzure();
    const wanted = idKeys(320);
    compute.create(vm("0"), { ids: idKeys(200, "old") });
    const bad = [wanted[3], wanted[160], wanted[319]] as string[];
    compute.refuse(bad);
    const { done, refused, fault } = await patch({ attach: wanted, detach: idKeys(200, "old") });
    expect(compute.on(vm("0"))).toEqual(wanted.filter((one) => !bad.includes(one)));
    expect([done.size, [...refused.keys()], fault]).toEqual([320 - 3 + 200, bad, undefined]);
    for (const one of compute.patches) {
      expect(Object.keys(one.patch.userAssignedIdentities ?? {}).length).toBeLessThanOrEqual(150);
    }
  });

  it.each([
    "SystemAssigned",
    "SystemAssigned, UserAssigned",
    "systemassigned,UserAssigned",
    "UserAssigned, SystemAssigned",
  ])("never takes the identity of a machine of type %s itself", async (type) => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { type, ids: type === "SystemAssigned" ? [] : [a] });
    await patch({ detach: [a] });
    expect(compute.typeOf(vm("0"))).toMatch(/SystemAssigned/i);
    await patch({ attach: [a, b], detach: [] });
    await patch({ detach: [a, b] });
    expect([compute.typeOf(vm("0")), compute.on(vm("0"))]).toEqual(["SystemAssigned", []]);
  });

  it("leaves a machine with none of type None", async () => {
    const { compute, patch } = fakeAzure();
    await patch({ attach: [a] });
    await patch({ detach: [a] });
    expect([compute.typeOf(vm("0")), compute.on(vm("0"))]).toEqual(["None", []]);
  });

  it.each(["missing", "Deleting"])("takes a machine that is %s for rid of everything", async (state) => {
    const { compute, patch } = fakeAzure();
    if (state === "Deleting") compute.create(vm("gone"), { state, ids: [b] });
    const { done, fault } = await patch({ attach: [a], detach: [b] }, vm("gone"));
    expect([done, fault?.code]).toEqual([new Set([b]), "ARM_NOT_FOUND"]);
    expect((await patch({ detach: [b] }, vm("gone"))).fault).toBeUndefined();
  });

  it("finds what Azure has done although it reported a failure", async () => {
    const { compute, patch } = fakeAzure();
    compute.failNext("update", { status: 500, code: "InternalServerError", when: "after" });
    expect(await patch({ attach: [a] })).toEqual({ done: new Set([a]), refused: new Map(), fault: undefined });
    expect(compute.patches).toHaveLength(1);
  });

  it("finds the machine gone that failed to be changed", async () => {
    const { compute, now } = fakeAzure();
    compute.create(vm("0"), { ids: [b] });
    const release = compute.hold();
    compute.failNext("update", { status: 500, code: "InternalServerError" });
    const patching = now({ attach: [a], detach: [b] });
    await expect.poll(() => compute.patches.length).toBe(1);
    compute.remove(vm("0"));
    release();
    expect(await patching).toMatchObject({ done: new Set([b]), fault: { code: "ARM_NOT_FOUND" } });
  });

  it("takes nothing for done that is still under way", async () => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { state: "Updating" });
    compute.failNext("update", { status: undefined, code: "ECONNRESET", when: "after" });
    const { done, fault } = await patch({ attach: [a] });
    expect([done, fault?.code]).toEqual([new Set(), "ARM_UNREACHABLE"]);
  });

  it("gives up after 15 minutes", async () => {
    const { clock, compute, machines } = fakeAzure();
    compute.hold();
    const patching = machines.patch(vm("0"), { attach: [a], detach: [] }, never);
    const { fault } = await clock.passUntil(patching, 10_000);
    expect(fault).toMatchObject({ code: "ARM_ERROR", message: expect.stringContaining("within 15 minutes") });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(15 * MINUTE);
    expect((await clock.passUntil(machines.patch(vm("0"), { attach: [a], detach: [] }, never), 1_000)).done).toEqual(
      new Set([a]),
    );
  });

  it("leaves pinned identities on a machine, stale ones too", async () => {
    const spared: unknown[] = [];
    const pinnedClientIds = () => new Set(["client-of-a"]);
    const { compute, patch } = fakeAzure({ pinnedClientIds, onSpared: (machine, ids) => spared.push([machine, ids]) });
    compute.create(vm("0"), { ids: [a, b] });
    expect((await patch({ detach: [a, b] })).done).toEqual(new Set([a, b]));
    expect((await patch({ renew: [a] })).done).toEqual(new Set([a]));
    expect(compute.patches).toHaveLength(1);
    expect([compute.on(vm("0")), spared]).toEqual([
      [a],
      [
        [vm("0"), [a]],
        [vm("0"), [a]],
      ],
    ]);
  });

  it("tells the client IDs that Azure has, for those who compare", async () => {
    const { compute, machines } = fakeAzure({ pinnedClientIds: () => new Set(["client-of-a"]) });
    compute.create(vm("0"), { ids: [a, b] });
    expect(await machines.read(vm("0"), never)).toEqual({
      type: "UserAssigned",
      userAssigned: new Set([a, b]),
      clientIds: new Map([
        [a, "Client-of-a"],
        [b, "Client-of-b"],
      ]),
      pinned: new Set([a]),
    });
  });
});

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
