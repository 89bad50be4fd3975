import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { FakeCompute, type Naming } from "../../test/support/fake-compute.ts";
import { identityId } from "../../test/support/make.ts";
import { resourceKey } from "../api/resource-id.ts";
import { ArmMachines, type MachinesOptions } from "./machines.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;
const vm = (name: string) => `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/${name}`;
const id = (name: string) => resourceKey(identityId(name));
const [a, b, c, d] = [id("a"), id("b"), id("c"), id("d")] as const;
const ids = (count: number, prefix = "id") =>
  Array.from({ length: count }, (_, i) => id(`${prefix}-${String(i).padStart(3, "0")}`));

type Wish = { readonly attach?: string[]; readonly detach?: string[]; readonly renew?: string[] };

function azure(options: Partial<MachinesOptions> = {}) {
  const clock = new FakeClock();
  const compute = new FakeCompute();
  compute.create(vm("0"));
  compute.create(vm("1"));
  const events: unknown[] = [];
  const machines = new ArmMachines({
    compute,
    clock,
    random: () => 1,
    retryIntervalMs: 0,
    onWait: (ms) => events.push(["waits", ms]),
    onBreaker: (state, subscription) => events.push([state, subscription]),
    ...options,
  });
  const patch = (wish: Wish, machine = vm("0")) =>
    clock.passUntil(machines.patch(machine, { attach: [], detach: [], ...wish }, never), 1_000);
  /** Without letting time pass. */
  const now = (wish: Wish, machine = vm("0")) => machines.patch(machine, { attach: [], detach: [], ...wish }, never);
  return { clock, compute, machines, patch, now, events };
}

describe("a patch", () => {
  it("asks for nothing when nothing is wished, and changes nothing when nothing differs", async () => {
    const { compute, patch } = azure();
    expect(await patch({})).toEqual({ done: new Set(), refused: new Map(), fault: undefined });
    expect(compute.gets).toBe(0);
    expect((await patch({ detach: [a] })).done).toEqual(new Set([a]));
    expect([compute.gets, compute.patches]).toEqual([1, []]);
  });

  it("takes spellings of one ID for one identity, and what is wished on and off stays", async () => {
    const { compute, patch } = azure();
    const { done, fault } = await patch({ attach: [a.toUpperCase(), a], detach: [a.replace("resource", "Resource")] });
    expect([done, fault, compute.on(vm("0"))]).toEqual([new Set([a]), undefined, [a]]);
    expect(compute.patches).toHaveLength(1);
  });

  it("goes on in steps of 150 that lose nothing when one is refused", async () => {
    const { compute, patch } = azure();
    const wanted = ids(320);
    compute.create(vm("0"), { ids: ids(200, "old") });
    const bad = [wanted[3], wanted[160], wanted[319]] as string[];
    compute.refuse(bad);
    const { done, refused, fault } = await patch({ attach: wanted, detach: ids(200, "old") });
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
    const { compute, patch } = azure();
    compute.create(vm("0"), { type, ids: type === "SystemAssigned" ? [] : [a] });
    await patch({ detach: [a] });
    expect(compute.typeOf(vm("0"))).toMatch(/SystemAssigned/i);
    await patch({ attach: [a, b], detach: [] });
    await patch({ detach: [a, b] });
    expect([compute.typeOf(vm("0")), compute.on(vm("0"))]).toEqual(["SystemAssigned", []]);
  });

  it("leaves a machine with none of type None", async () => {
    const { compute, patch } = azure();
    await patch({ attach: [a] });
    await patch({ detach: [a] });
    expect([compute.typeOf(vm("0")), compute.on(vm("0"))]).toEqual(["None", []]);
  });

  it.each(["missing", "Deleting"])("takes a machine that is %s for rid of everything", async (state) => {
    const { compute, patch } = azure();
    if (state === "Deleting") compute.create(vm("gone"), { state, ids: [b] });
    const { done, fault } = await patch({ attach: [a], detach: [b] }, vm("gone"));
    expect([done, fault?.code]).toEqual([new Set([b]), "ARM_NOT_FOUND"]);
    expect((await patch({ detach: [b] }, vm("gone"))).fault).toBeUndefined();
  });

  it("finds what Azure has done although it reported a failure", async () => {
    const { compute, patch } = azure();
    compute.failNext("update", { status: 500, code: "InternalServerError", when: "after" });
    expect(await patch({ attach: [a] })).toEqual({ done: new Set([a]), refused: new Map(), fault: undefined });
    expect(compute.patches).toHaveLength(1);
  });

  it("finds the machine gone that failed to be changed", async () => {
    const { compute, now } = azure();
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
    const { compute, patch } = azure();
    compute.create(vm("0"), { state: "Updating" });
    compute.failNext("update", { status: undefined, code: "ECONNRESET", when: "after" });
    const { done, fault } = await patch({ attach: [a] });
    expect([done, fault?.code]).toEqual([new Set(), "ARM_UNREACHABLE"]);
  });

  it("gives up after 15 minutes", async () => {
    const { clock, compute, machines } = azure();
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
    const { compute, patch } = azure({ pinnedClientIds, onSpared: (machine, ids) => spared.push([machine, ids]) });
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
    const { compute, machines } = azure({ pinnedClientIds: () => new Set(["client-of-a"]) });
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

describe("renewing", () => {
  const kinds = (compute: FakeCompute) =>
    compute.patches.map(({ patch }) => patch.userAssignedIdentities ?? patch.type);

  it("takes a stale identity off in one change and puts it on in the next", async () => {
    const { compute, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    expect(await patch({ renew: [a], attach: [c] })).toEqual({
      done: new Set([c, a]),
      refused: new Map(),
      fault: undefined,
    });
    expect(kinds(compute)).toEqual([{ [c]: {}, [a]: null }, { [a]: {} }]);
    expect(compute.on(vm("0"))).toEqual([a, b, c]);
  });

  it("puts it on where it is not, even where it is the only one", async () => {
    const { compute, patch } = azure();
    compute.create(vm("0"), { ids: [a] });
    await patch({ renew: [a] });
    expect(kinds(compute)).toEqual(["None", { [a]: {} }]);
    expect((await patch({ renew: [b] })).done).toEqual(new Set([b]));
    expect(compute.on(vm("0"))).toEqual([a, b]);
  });

  it("never leaves the last step out: what could not be put on again is told, and put on the next time", async () => {
    const { compute, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    compute.failNext("update", { status: 409, code: "Conflict", when: "after" });
    compute.failNext("update", { status: 409, code: "Conflict" });
    const first = await patch({ renew: [a] });
    expect([first.done, first.fault?.code, compute.on(vm("0"))]).toEqual([new Set(), "ARM_ERROR", [b]]);
    expect((await patch({ renew: [a] })).done).toEqual(new Set([a]));
    expect(compute.on(vm("0"))).toEqual([a, b]);
  });

  it("takes it off first, however much else there is to do", async () => {
    const { compute, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    const others = ids(200);
    expect((await patch({ attach: others, renew: [a] })).done).toEqual(new Set([...others, a]));
    expect(compute.on(vm("0"))).toEqual([a, b, ...others]);
    expect(kinds(compute).at(-1)).toEqual({ [a]: {} });
  });

  it("does not take for renewed what could not be taken off", async () => {
    const { compute, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    compute.failNext("update", { status: 409, code: "Conflict" });
    expect(await patch({ renew: [a] })).toMatchObject({ done: new Set(), fault: { code: "ARM_ERROR" } });
  });
});

describe("identities that Azure refuses", () => {
  it.each<{ naming: Naming; most: number }>([
    { naming: "all", most: 2 },
    { naming: "first", most: 4 },
    { naming: "none", most: 8 },
  ])("are set aside when Azure names $naming of them, within $most changes", async ({ naming, most }) => {
    const { compute, patch } = azure();
    compute.naming = naming;
    compute.refuse([b, d]);
    compute.create(vm("0"), { ids: [id("old")] });
    const { done, refused, fault } = await patch({ attach: [a, b, c, d], detach: [id("old")] });
    expect([done, compute.on(vm("0")), fault]).toEqual([new Set([a, c, id("old")]), [a, c], undefined]);
    expect([...refused].map(([one, { isNew, retryInMs }]) => [one, isNew, retryInMs])).toEqual([
      [b, true, MINUTE],
      [d, true, MINUTE],
    ]);
    expect(compute.patches.length).toBeLessThanOrEqual(most);
  });

  it("are each told of alone, with the role that is missing", async () => {
    const { compute, patch } = azure();
    compute.refuse([b, d]);
    const { refused } = await patch({ attach: [a, b, c, d] });
    const message = refused.get(b)?.fault.message ?? "";
    expect(message).toContain(
      `az role assignment create --role "Managed Identity Operator" --assignee-object-id oid-1 --assignee-principal-type ServicePrincipal --scope ${b}`,
    );
    for (const other of [a, c, d]) expect(message).not.toContain(other);
  });

  it("hold up no detach, whatever happens to the attaches", async () => {
    const { compute, patch } = azure({ maxRetries: 0 });
    compute.naming = "none";
    compute.create(vm("0"), { ids: [c, d] });
    compute.refuse([a, b]);
    await patch({ attach: [a, b], detach: [c, d] });
    expect(compute.on(vm("0"))).toEqual([]);
    expect(compute.patches[1]?.patch).toEqual({ type: "None" });
  });

  it.each([
    { maxRetries: 1, sizes: [8, 7, 3, 1, 1, 3] },
    { maxRetries: 2, sizes: [8, 7, 6, 3, 2] },
  ])("leave the rest whole $maxRetries times, then go in halves", async ({ maxRetries, sizes }) => {
    const { compute, patch } = azure({ maxRetries });
    compute.naming = "first";
    compute.refuse(ids(3));
    expect((await patch({ attach: ids(8) })).done).toEqual(new Set(ids(8).slice(3)));
    expect(compute.patches.map((one) => Object.keys(one.patch.userAssignedIdentities ?? {}).length)).toEqual(sizes);
  });

  it("are refused by an operation that Azure had begun: what it has done is not done again", async () => {
    const { compute, patch } = azure();
    const message = `Status: 'BadRequest'. Resource '${b}' was not found.`;
    compute.failNext("update", { status: undefined, code: "FailedIdentityOperation", message, when: "after" });
    expect((await patch({ attach: [a, b] })).done).toEqual(new Set([a, b]));
    expect(compute.patches).toHaveLength(1);
  });

  it("are left aside on every machine without asking Azure, until they are due", async () => {
    const { clock, compute, machines, patch } = azure();
    compute.refuse([a]);
    await patch({ attach: [a] });
    expect(machines.quarantined).toBe(1);
    const before = compute.patches.length;
    const { done, refused } = await patch({ attach: [a, b] }, vm("1"));
    expect([done, compute.on(vm("1"))]).toEqual([new Set([b]), [b]]);
    expect(refused.get(a)).toMatchObject({ isNew: false, fault: { code: "ARM_IDENTITY_REFUSED" } });
    expect(refused.get(a)?.retryInMs).toBeGreaterThan(0);
    expect(compute.patches.length).toBe(before + 1);
    clock.advance(MINUTE);
    expect((await patch({ attach: [a] }, vm("1"))).refused.get(a)).toMatchObject({
      isNew: true,
      retryInMs: 2 * MINUTE,
    });
  });

  it("are tried alone when due, and let out everywhere by one success", async () => {
    const { clock, compute, machines, patch } = azure();
    compute.refuse([a]);
    await patch({ attach: [a] });
    compute.refuse([a], false);
    clock.advance(MINUTE);
    expect((await patch({ attach: [a, b] })).done).toEqual(new Set([a, b]));
    expect(compute.patches.slice(1).map(({ patch: { userAssignedIdentities } }) => userAssignedIdentities)).toEqual([
      { [b]: {} },
      { [a]: {} },
    ]);
    expect(machines.quarantined).toBe(0);
    expect((await patch({ attach: [a] }, vm("1"))).done).toEqual(new Set([a]));
  });

  it("stay on a machine that Azure does not take them off, and keep no other there", async () => {
    const { compute, machines, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    const message = `Status: 'BadRequest'. Resource '${a}' was not found.`;
    compute.failNext("update", { status: 400, code: "FailedIdentityOperation", message });
    const { done, refused } = await patch({ attach: [c], detach: [a, b] });
    expect([done, [...refused.keys()], compute.on(vm("0"))]).toEqual([new Set([c, b]), [a], [a, c]]);
    expect(machines.quarantined).toBe(0);
    compute.naming = "none";
    compute.failNext("update", { status: 403, code: "LinkedAuthorizationFailed" }, 3);
    expect([...(await patch({ detach: [a, c] })).refused.keys()]).toEqual([a, c]);
  });

  it("are tried on one machine at a time", async () => {
    const { clock, compute, now } = azure();
    compute.refuse([a]);
    await now({ attach: [a] });
    clock.advance(MINUTE);
    const release = compute.hold();
    const trial = now({ attach: [a] });
    await expect.poll(() => compute.patches.length).toBe(2);
    expect((await now({ attach: [a] }, vm("1"))).refused.get(a)).toMatchObject({ isNew: false, retryInMs: MINUTE });
    expect(compute.patches).toHaveLength(2);
    release();
    expect((await trial).refused.get(a)).toMatchObject({ isNew: true, retryInMs: 2 * MINUTE });
  });

  it("all go at once when the first that is tried again is taken: the cause is gone", async () => {
    const { clock, compute, patch } = azure();
    const many = ids(40);
    compute.refuse(many);
    await patch({ attach: many });
    compute.refuse(many, false);
    clock.advance(MINUTE);
    const before = compute.patches.length;
    expect((await patch({ attach: many })).done).toEqual(new Set(many));
    expect(compute.patches.length - before).toBe(2);
  });

  it("are not tried when the machine has no room for it, but as soon as it has", async () => {
    const { clock, compute, patch } = azure();
    compute.naming = "none";
    compute.refuse(ids(8));
    await patch({ attach: ids(8) });
    compute.create(vm("1"));
    clock.advance(MINUTE);
    const before = compute.patches.length;
    const { refused } = await patch({ attach: ids(8) }, vm("1"));
    expect(compute.patches.length - before).toBe(4);
    expect([...refused.values()].filter(({ isNew }) => !isNew)).toMatchObject(
      new Array(4).fill({ retryInMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 15_000) }),
    );
  });

  it("count as done where a machine has them already", async () => {
    const { compute, patch } = azure();
    compute.refuse([a]);
    await patch({ attach: [a] });
    compute.create(vm("1"), { ids: [a] });
    expect(await patch({ attach: [a] }, vm("1"))).toEqual({ done: new Set([a]), refused: new Map(), fault: undefined });
  });

  it("may be taken at once when MIC signs in as somebody else", async () => {
    const { compute, machines, patch } = azure();
    compute.refuse([a]);
    await patch({ attach: [a] });
    compute.refuse([a], false);
    machines.accessChanged();
    expect((await patch({ attach: [a] })).done).toEqual(new Set([a]));
  });

  it.each([
    { status: 403, code: "AuthorizationFailed", fault: "ARM_FORBIDDEN" },
    { status: 409, code: "OperationPreempted", fault: "ARM_ERROR" },
    { status: 500, code: "InternalServerError", fault: "ARM_ERROR" },
    { status: 404, code: "ResourceNotFound", fault: "ARM_NOT_FOUND" },
    { status: 429, code: "TooManyRequests", fault: "ARM_THROTTLED" },
    { status: undefined, code: "ECONNREFUSED", fault: "ARM_UNREACHABLE" },
    {
      status: 400,
      code: "FailedIdentityOperation",
      message: "Status: 'InternalServerError'. Response: ''.",
      fault: "ARM_ERROR",
    },
  ])("are not what $code is about", async ({ fault: expected, ...trouble }) => {
    const { compute, machines, patch } = azure();
    compute.failNext("update", trouble);
    const { refused, fault } = await patch({ attach: [a, b] });
    expect([refused.size, fault?.code, machines.quarantined]).toEqual([0, expected, 0]);
    expect(compute.patches).toHaveLength(1);
  });

  it("are not what is too many for a machine, which makes room first", async () => {
    const { compute, machines, patch } = azure();
    compute.create(vm("0"), { ids: [a, b] });
    compute.quota = 2;
    const { done, refused, fault } = await patch({ attach: [c, d], detach: [a] });
    expect([done, refused.size, machines.quarantined]).toEqual([new Set([c, a]), 0, 0]);
    expect(fault).toMatchObject({ code: "ARM_IDENTITY_QUOTA", message: expect.stringContaining("VM 0") });
    expect([compute.on(vm("0")), compute.patches.length]).toEqual([[b, c], 4]);
    compute.failNext("update", { status: 400, code: "TooManyUserAssignedIdentities" });
    expect(await patch({ detach: [c] })).toMatchObject({ done: new Set(), fault: { code: "ARM_IDENTITY_QUOTA" } });
  });
});

describe("a property", () => {
  const NAMES = fc.constantFrom<Naming>("all", "first", "none");
  it("all good ones end up on and all unwanted ones off, within a bound, whatever is bad and however errors name it", async () => {
    const subset = fc.uniqueArray(fc.nat(29), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(NAMES, subset, subset, subset, fc.nat(4), async (naming, wish, broken, old, maxRetries) => {
        const { compute, patch } = azure({ maxRetries });
        const name = (n: number) => id(`n-${n}`);
        const [wanted, bad, before] = [wish, broken, old].map((list) => list.map(name)) as [
          string[],
          string[],
          string[],
        ];
        compute.naming = naming;
        compute.refuse(bad);
        compute.create(vm("0"), { ids: before });
        const unwanted = before.filter((one) => !wanted.includes(one));
        const { done, refused, fault } = await patch({ attach: wanted, detach: unwanted });

        const fresh = wanted.filter((one) => !before.includes(one));
        const isBad = (one: string) => fresh.includes(one) && bad.includes(one);
        expect(compute.on(vm("0"))).toEqual(wanted.filter((one) => !isBad(one)).sort());
        expect([...refused.keys()].sort()).toEqual(wanted.filter(isBad).sort());
        expect([done.size, fault]).toEqual([wanted.length + unwanted.length - refused.size, undefined]);
        const steps = Math.ceil(Math.log2(Math.max(2, fresh.length)));
        const perBad = { all: 2, first: 2, none: 2 * steps + 1 }[naming];
        expect(compute.patches.length).toBeLessThanOrEqual(3 + perBad * refused.size);
      }),
      { numRuns: 200 },
    );
  });
});

describe("room", () => {
  it("is for four changes of a machine at once, then one a quarter of a minute; it says so before", async () => {
    const waiting = Promise.withResolvers<number>();
    const { clock, compute, machines, now } = azure({ onWait: waiting.resolve });
    for (const one of [a, b, c, d]) await now({ attach: [one] });
    expect([machines.delayMs(vm("0")), machines.delayMs(vm("1"))]).toEqual([15_000, 0]);
    const fifth = now({ detach: [a] });
    expect(await waiting.promise).toBe(15_000);
    clock.advance(14_999);
    expect(compute.patches.length).toBe(4);
    clock.advance(1);
    expect((await fifth).done).toEqual(new Set([a]));
  });

  it("is never exceeded while bad identities are searched for", async () => {
    const { clock, compute, patch } = azure();
    compute.naming = "none";
    compute.refuse(ids(3));
    const times: number[] = [];
    const update = compute.update.bind(compute);
    compute.update = (...all) => {
      times.push(clock.monotonic());
      return update(...all);
    };
    await patch({ attach: ids(20) });
    expect(times.length).toBeGreaterThan(8);
    for (const [i, at] of times.entries()) {
      expect(times.filter((one) => one >= at && one < at + MINUTE).length, `from ${i}`).toBeLessThanOrEqual(4 + 4);
    }
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual((times.length - 4) * 15_000 - 1_000);
  });

  it("is left between a change that was refused and the rest of it", async () => {
    const { clock, compute, now } = azure({ retryIntervalMs: 7_000 });
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
    const { compute, machines, now, events } = azure();
    compute.failNext("update", throttled("OperationNotAllowed", 40));
    expect((await now({ attach: [a] })).fault).toMatchObject({ code: "ARM_THROTTLED", retryAfterMs: 40_000 });
    expect([machines.delayMs(vm("0")), machines.delayMs(vm("1"))]).toEqual([40_000, 0]);
    expect((await now({ attach: [a] }, vm("1"))).done).toEqual(new Set([a]));
    expect(events).toEqual([]);
  });

  it("of the subscription keeps all changes back as long as Azure asks, then lets one try", async () => {
    const { clock, compute, machines, now, events } = azure();
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
    const { clock, compute, machines, now } = azure();
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
    const { compute, now, events } = azure();
    compute.failNext("update", trouble);
    await now({ attach: [a] });
    expect(events).toEqual([["open", "sub"]]);
  });

  it("of one machine after the other is the subscription's", async () => {
    const { compute, now, events } = azure();
    compute.create(vm("2"));
    compute.failNext("update", throttled("TooManyRequests", 30), 3);
    await now({ attach: [a] }, vm("0"));
    await now({ attach: [a] }, vm("1"));
    expect(events).toEqual([]);
    await now({ attach: [a] }, vm("2"));
    expect(events).toEqual([["open", "sub"]]);
  });

  it("is not hammered against: five failures in a row keep calls back, other subscriptions go on", async () => {
    const { compute, machines, events, clock } = azure();
    compute.failNext("get", { status: 503, code: "ServerBusy" }, 5);
    for (let i = 0; i < 5; i += 1)
      await expect(machines.read(vm("0"), never)).rejects.toMatchObject({ code: "ARM_ERROR" });
    await expect(machines.read(vm("1"), never)).rejects.toThrow("asks Azure again in 5 s");
    expect([compute.gets, events]).toEqual([5, [["open", "sub"]]]);
    const other = vm("0").replace("/sub/", "/other/");
    compute.create(other);
    expect((await machines.read(other, never)).type).toBe("None");
    clock.advance(5_000);
    expect((await machines.read(vm("1"), never)).type).toBe("None");
  });
});
