import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { ArmBudget } from "./arm-budget.ts";
import { armLimits } from "./arm-limits.ts";
import { machineOf } from "./compute.ts";

const never = new AbortController().signal;
const vm = (name: string, subscription = "sub") =>
  machineOf(`/subscriptions/${subscription}/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/${name}`);

function budget() {
  const clock = new FakeClock();
  return { clock, budget: new ArmBudget(clock) };
}

const nothing = { status: 200, resource: new Map<string, number>() };

describe("armLimits", () => {
  it("leaves the cluster's own operations at least half, and four changes a minute a machine are the most", () => {
    for (const [name, { azure, ours, reserve }] of Object.entries(armLimits)) {
      expect(ours.capacity, name).toBeLessThanOrEqual(azure.capacity / 2);
      expect(ours.perMinute, name).toBeLessThanOrEqual(name === "machine_update" ? 4 : azure.perMinute / 2);
      expect(reserve, name).toBeLessThan(azure.capacity / 4);
    }
  });
});

describe("ArmBudget", () => {
  it("lets four changes of a machine go in any minute; another machine waits for none", async () => {
    const { budget: room, clock } = budget();
    for (let i = 0; i < 4; i += 1) await room.take("update", vm("a"), never);
    expect([room.delayMs("update", vm("A")), room.delayMs("update", vm("b"), 3)]).toEqual([60_000, 0]);
    expect([room.delayMs("update", vm("b")), room.delayMs("get", vm("a"))]).toEqual([0, 0]);

    const waits: number[] = [];
    const fifth = room.take("update", vm("a"), never, (ms) => waits.push(ms));
    await clock.asleep();
    clock.advance(60_000);
    await fifth;
    expect(waits).toEqual([60_000]);
  });

  it("counts all machines of a subscription together, and each subscription for itself", async () => {
    const { budget: room } = budget();
    for (let i = 0; i < armLimits.arm_update.ours.capacity; i += 1) await room.take("update", vm(`vm-${i}`), never);
    expect(room.delayMs("update", vm("one-more"))).toBe(200);
    expect(room.delayMs("update", vm("one-more", "other"))).toBe(0);
  });

  it("gives back what it took when told to stop while it waits", async () => {
    const { budget: room, clock } = budget();
    for (let i = 0; i < 4; i += 1) await room.take("update", vm("a"), never);
    const stop = new AbortController();
    const fifth = room.take("update", vm("a"), stop.signal);
    await clock.asleep();
    stop.abort(new Error("enough"));
    await expect(fifth).rejects.toThrow("enough");
    expect(room.delayMs("update", vm("a"))).toBe(60_000);
  });

  it("leaves a machine alone as long as it is told, and only that one", () => {
    const { budget: room, clock } = budget();
    room.rest("update", vm("a"), 30_000);
    expect([room.delayMs("update", vm("A")), room.delayMs("update", vm("b"))]).toEqual([30_000, 0]);
    expect(room.delayMs("get", vm("a"))).toBe(0);
    clock.advance(30_000);
    expect(room.delayMs("update", vm("a"))).toBe(0);
  });

  it("slows down when Azure says that little is left, and not before", () => {
    const { budget: room, clock } = budget();
    const { reserve } = armLimits.arm_update;
    room.heard("update", vm("a"), { ...nothing, subscriptionWrites: reserve + 1 });
    expect(room.delayMs("update", vm("b"))).toBe(0);
    room.heard("update", vm("a"), { ...nothing, subscriptionWrites: 0 });
    expect(room.delayMs("update", vm("b"))).toBe(((reserve + 1) * 60_000) / armLimits.arm_update.ours.perMinute);
    expect(room.delayMs("get", vm("b"))).toBe(0);
    clock.advance(10_000);
    expect(room.delayMs("update", vm("b"))).toBe(0);
  });

  it("counts a change when it is made, whatever it has waited for", async () => {
    const { budget: room, clock } = budget();
    room.rest("update", vm("a"), 20_000);
    const first = room.take("update", vm("a"), never);
    await clock.asleep();
    clock.advance(20_000);
    await first;
    for (let i = 0; i < 3; i += 1) await room.take("update", vm("a"), never);
    expect(room.delayMs("update", vm("a"))).toBe(60_000);
  });

  it.each(["GetOperationResource", "GetOperation3Min", "UpdateVMSubscriptionMaximum", "GetVM3Min", "DeleteVM3Min"])(
    "takes what is left of %s for nothing that a change needs",
    (policy) => {
      const { budget: room } = budget();
      room.heard("update", vm("a"), { ...nothing, resource: new Map([[`Microsoft.Compute/${policy}`, 0]]) });
      expect(room.delayMs("update", vm("a"))).toBe(0);
    },
  );

  it("takes what is left of other limits for nothing that a read needs", () => {
    const { budget: room } = budget();
    const left = (policy: string) => ({ ...nothing, resource: new Map([[`Microsoft.Compute/${policy}`, 0]]) });
    for (const policy of ["GetOperation3Min", "UpdateVM3Min", "HighCostGetVM3Min"]) {
      room.heard("get", vm("a"), left(policy));
    }
    expect(room.delayMs("get", vm("a"))).toBe(0);
    room.heard("get", vm("a"), left("LowCostGetVM3Min"));
    expect(room.delayMs("get", vm("a"))).toBeGreaterThan(0);
  });

  it("tells what is left of a machine from what is left of its subscription", () => {
    const { budget: room } = budget();
    const left = (policy: string) => ({ ...nothing, resource: new Map([[policy, 0]]) });
    room.heard("update", vm("a"), left("Microsoft.Compute/UpdateVMResource"));
    expect(room.delayMs("update", vm("a"))).toBeGreaterThan(0);
    expect(room.delayMs("update", vm("b"))).toBe(0);
    room.heard("update", vm("a"), left("Microsoft.Compute/UpdateVM3Min"));
    expect(room.delayMs("update", vm("b"))).toBeGreaterThan(0);
    expect(room.delayMs("update", vm("b", "other"))).toBe(0);
  });
});
