import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/azure/fake-azure.ts";

const never = new AbortController().signal;
const [a, b] = [idKey("a"), idKey("b")] as const;
const both = "SystemAssigned, UserAssigned";

/** A machine whose owner does something each time when MIC's next change is on its way. */
function owned(...deeds: readonly (() => void)[]) {
  const azure = fakeAzure();
  const { compute } = azure;
  const left = [...deeds];
  const update = compute.update.bind(compute);
  compute.update = async (...all) => {
    left.shift()?.();
    await update(...all);
  };
  return { ...azure, then: (deed: () => void) => left.push(deed) };
}

describe("what a machine's owner does between MIC's look and its change", () => {
  it.each([vm("0"), vm("0").replace("virtualmachines", "virtualmachinescalesets")])(
    "is kept, since Azure takes the change of %s only as it was seen",
    async (machine) => {
      const { compute, machines, now, then, events } = owned();
      compute.create(machine, { ids: [b] });
      then(() => compute.change(machine, { type: both, ids: [idKey("own")] }));
      const result = await now({ attach: [a], detach: [b] }, machine);
      expect(result).toEqual({ done: new Set([a, b]), refused: new Map(), fault: undefined });
      expect([compute.typeOf(machine), compute.on(machine)]).toEqual([both, [a, idKey("own")]]);
      // Neither the machine nor an identity is to blame.
      expect([compute.patches.length, compute.gets, machines.quarantined, events]).toEqual([2, 2, 0, []]);
      expect(machines.delayMs(machine)).toBe(0);
    },
  );

  it("is kept where the last identity goes, too", async () => {
    const { compute, now, then } = owned();
    compute.create(vm("0"), { ids: [a] });
    then(() => compute.change(vm("0"), { type: both, ids: [b] }));
    await now({ detach: [a] });
    expect([compute.typeOf(vm("0")), compute.on(vm("0"))]).toEqual([both, [b]]);
  });

  it("ends the change when it happens again and again", async () => {
    const { compute, now, then } = owned();
    for (let i = 0; i < 9; i += 1) then(() => compute.change(vm("0"), {}));
    const { done, refused, fault } = await now({ attach: [a] });
    expect([done, refused, fault?.code]).toEqual([new Set(), new Map(), "ARM_MACHINE_CHANGED"]);
    expect(fault?.message).toContain("was changed in Azure while MIC was about to change it");
    expect(compute.patches).toHaveLength(4);
  });

  it("is no reason to ask Azure for what is done by then", async () => {
    const { compute, now, then } = owned();
    then(() => compute.change(vm("0"), { type: "UserAssigned", ids: [a] }));
    expect((await now({ attach: [a] })).done).toEqual(new Set([a]));
    expect([compute.patches.length, compute.gets]).toEqual([1, 2]);
  });
});

describe("in clouds without etags", () => {
  function old() {
    const azure = fakeAzure({ pinnedClientIds: () => new Set(["client-of-b"]) });
    azure.compute.hasEtags = false;
    return azure;
  }
  /** Changes of the machine until there is no room for another one now. */
  async function exhaust({ compute, now, machines }: ReturnType<typeof old>): Promise<void> {
    for (let i = 0; machines.delayMs(vm("0")) === 0; i += 1) await now({ attach: [idKey(`other-${i}`)] });
    compute.change(vm("0"), { state: "Succeeded" });
  }

  it("keeps what its owner does while a change waits for room in Azure's limits", async () => {
    const azure = old();
    const { clock, compute, now } = azure;
    await exhaust(azure);
    const waiting = now({ attach: [a] });
    await clock.asleep();
    compute.change(vm("0"), { type: both });
    await clock.passUntil(waiting, 1_000);
    expect([compute.typeOf(vm("0")), compute.on(vm("0")).includes(a)]).toEqual([both, true]);
  });

  it("takes nothing off that a pod has come to need, or that is pinned, meanwhile", async () => {
    const azure = old();
    const { clock, compute, machines } = azure;
    await exhaust(azure);
    compute.change(vm("0"), { ids: [a] });
    const needed = new Set<string>();
    const wish = { attach: [], detach: [a, b, idKey("other-0")], neededNow: () => needed };
    const waiting = machines.patch(vm("0"), wish, never);
    await clock.asleep();
    needed.add(a);
    compute.change(vm("0"), { ids: [b] });
    const { done, goOnInMs } = await clock.passUntil(waiting, 1_000);
    expect(compute.on(vm("0"))).toEqual([a, b, idKey("other-1"), idKey("other-2"), idKey("other-3")]);
    expect([done, goOnInMs]).toEqual([new Set([b, idKey("other-0")]), 0]);
  });

  it("looks again after each of its own changes", async () => {
    const { compute, now } = old();
    const update = compute.update.bind(compute);
    compute.update = async (...all) => {
      await update(...all);
      if (compute.patches.length === 1) compute.change(vm("0"), { type: both });
    };
    await now({ attach: idKeys(200) });
    expect([compute.typeOf(vm("0")), compute.on(vm("0")).length, compute.gets]).toEqual([both, 200, 2]);
  });

  it("does not look twice within a second", async () => {
    const { compute, now } = old();
    await now({ attach: [a] });
    expect([compute.gets, compute.patches.length]).toEqual([1, 1]);
  });
});

describe("a change by somebody else that is under way", () => {
  function busy(state = "Updating") {
    const told: unknown[] = [];
    const azure = fakeAzure();
    azure.compute.create(vm("0"), { state });
    const now = (wish: Parameters<typeof azure.now>[0]) => azure.now({ ...wish, onBusy: (...all) => told.push(all) });
    return { ...azure, now, told };
  }

  it.each(["Updating", "Creating", "Migrating"])("is waited for, and told, while the state is %s", async (state) => {
    const { clock, compute, now, told } = busy(state);
    const readAt: number[] = [];
    const get = compute.get.bind(compute);
    compute.get = async (...all) => {
      readAt.push(Math.round(clock.monotonic() / 1_000));
      if (readAt.length === 6) compute.change(vm("0"), { state: "Succeeded", type: "SystemAssigned" });
      return await get(...all);
    };
    expect((await clock.passUntil(now({ attach: [a] }), 10)).done).toEqual(new Set([a]));
    expect(readAt).toEqual([0, 2, 5, 10, 20, 30]);
    expect([compute.typeOf(vm("0")), told]).toEqual([both, [[state, 120_000]]]);
  });

  it.each(["Succeeded", "Failed", "Canceled", ""])("is over when the state is %j", async (state) => {
    const { compute, now, told } = busy(state);
    expect((await now({ attach: [a] })).done).toEqual(new Set([a]));
    expect([compute.gets, told]).toEqual([1, []]);
  });

  it("is waited for two minutes at most, and not again as long as it lasts", async () => {
    const { clock, compute, now, told } = busy();
    compute.failNext("update", { status: 409, code: "OperationNotAllowed" });
    const { fault } = await clock.passUntil(now({ attach: [a] }), 10);
    expect(fault?.code).toBe("ARM_ERROR");
    expect(clock.monotonic()).toBeGreaterThanOrEqual(120_000);
    expect(clock.monotonic()).toBeLessThan(121_000);

    for (const one of [a, b]) expect((await now({ attach: [one] })).done).toEqual(new Set([one]));
    expect(told).toHaveLength(1);
  });

  it("is waited for, too, when it begins while MIC's own waits for room in Azure's limits", async () => {
    const { clock, compute, machines, now, told } = busy("Succeeded");
    for (let i = 0; machines.delayMs(vm("0")) === 0; i += 1) await now({ attach: [idKey(`other-${i}`)] });
    const sentAt: number[] = [];
    const update = compute.update.bind(compute);
    compute.update = async (...all) => {
      sentAt.push(clock.monotonic());
      await update(...all);
    };
    const waiting = now({ attach: [a] });
    await clock.asleep();
    compute.change(vm("0"), { state: "Updating" });
    await clock.passUntil(waiting, 10);
    expect(told).toEqual([["Updating", 120_000]]);
    expect([compute.on(vm("0")).includes(a), sentAt.length]).toEqual([true, 1]);
    expect(sentAt[0]).toBeGreaterThanOrEqual(180_000);
    // It counts when it is sent, not when its turn first came: four changes in any minute.
    for (const one of ["x", "y", "z"]) await now({ attach: [idKey(one)] });
    expect(machines.delayMs(vm("0"))).toBeGreaterThan(59_000);
  });

  it("is another one after the first was over", async () => {
    const { clock, compute, machines, now, told } = busy();
    await machines.read(vm("0"), never);
    compute.change(vm("0"), { state: "Succeeded" });
    await machines.read(vm("0"), never);
    clock.advance(600_000);
    compute.change(vm("0"), { state: "Updating" });
    await clock.passUntil(now({ attach: [b] }), 1_000);
    expect(told).toHaveLength(1);
  });

  it("is not waited for any longer than MIC is told to", async () => {
    const { clock, machines } = busy();
    const stop = new AbortController();
    const waiting = machines.patch(vm("0"), { attach: [a], detach: [] }, stop.signal);
    await clock.asleep();
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
