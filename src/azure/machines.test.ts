import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/azure/fake-azure.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;
const [a, b] = [idKey("a"), idKey("b")] as const;

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
