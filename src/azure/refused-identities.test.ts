import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/azure/fake-azure.ts";
import type { Naming } from "../../test/support/azure/fake-compute.ts";

const MINUTE = 60_000;
const [a, b, c, d] = [idKey("a"), idKey("b"), idKey("c"), idKey("d")] as const;

describe("identities that Azure refuses", () => {
  it.each<{ naming: Naming; most: number }>([
    { naming: "all", most: 2 },
    { naming: "first", most: 4 },
    { naming: "none", most: 8 },
  ])("are set aside when Azure names $naming of them, within $most changes", async ({ naming, most }) => {
    const { compute, patch } = fakeAzure();
    compute.naming = naming;
    compute.refuse([b, d]);
    compute.create(vm("0"), { ids: [idKey("old")] });
    const { done, refused, fault } = await patch({ attach: [a, b, c, d], detach: [idKey("old")] });
    expect([done, compute.on(vm("0")), fault]).toEqual([new Set([a, c, idKey("old")]), [a, c], undefined]);
    expect([...refused].map(([one, { isNew, retryInMs }]) => [one, isNew, retryInMs])).toEqual([
      [b, true, MINUTE],
      [d, true, MINUTE],
    ]);
    expect(compute.patches.length).toBeLessThanOrEqual(most);
  });

  it("are each told of alone, with the role that is missing", async () => {
    const { compute, patch } = fakeAzure();
    compute.refuse([b, d]);
    const { refused } = await patch({ attach: [a, b, c, d] });
    const message = refused.get(b)?.fault.message ?? "";
    expect(message).toContain(
      `az role assignment create --role "Managed Identity Operator" --assignee-object-id oid-1 --assignee-principal-type ServicePrincipal --scope "${b}"`,
    );
    for (const other of [a, c, d]) expect(message).not.toContain(other);
  });

  it("hold up no detach, whatever happens to the attaches", async () => {
    const { compute, patch } = fakeAzure({ maxRetries: 0 });
    compute.naming = "none";
    compute.create(vm("0"), { ids: [c, d] });
    compute.refuse([a, b]);
    await patch({ attach: [a, b], detach: [c, d] });
    expect(compute.on(vm("0"))).toEqual([]);
    expect(compute.patches[1]?.patch).toEqual({ type: "None" });
  });

  it.each([
    { maxRetries: 1, sizes: [8, 7, 3, 1, 1, 3] },
    { maxRetries: 2, sizes: [8, 7, 6, 2, 3] },
  ])("leave the rest whole $maxRetries times, then go in halves", async ({ maxRetries, sizes }) => {
    const { compute, patch } = fakeAzure({ maxRetries });
    compute.naming = "first";
    compute.refuse(idKeys(3));
    expect((await patch({ attach: idKeys(8) })).done).toEqual(new Set(idKeys(8).slice(3)));
    expect(compute.patches.map((one) => Object.keys(one.patch.userAssignedIdentities ?? {}).length)).toEqual(sizes);
  });

  it("are refused by an operation that Azure had begun: what it has done is not done again", async () => {
    const { compute, patch } = fakeAzure();
    const message = `Status: 'BadRequest'. Resource '${b}' was not found.`;
    compute.failNext("update", { status: undefined, code: "FailedIdentityOperation", message, when: "after" });
    expect((await patch({ attach: [a, b] })).done).toEqual(new Set([a, b]));
    expect(compute.patches).toHaveLength(1);
  });

  it("are left aside on every machine without asking Azure, until they are due", async () => {
    const { clock, compute, machines, patch } = fakeAzure();
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
    const { clock, compute, machines, patch } = fakeAzure();
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
    const { compute, machines, patch } = fakeAzure();
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
    const { clock, compute, now } = fakeAzure();
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
    const { clock, compute, patch } = fakeAzure();
    const many = idKeys(40);
    compute.refuse(many);
    await patch({ attach: many });
    compute.refuse(many, false);
    clock.advance(MINUTE);
    const before = compute.patches.length;
    expect((await patch({ attach: many })).done).toEqual(new Set(many));
    expect(compute.patches.length - before).toBe(2);
  });

  it("are not tried when the machine has no room for it, but as soon as it has", async () => {
    const { clock, compute, patch } = fakeAzure();
    compute.naming = "none";
    compute.refuse(idKeys(8));
    await patch({ attach: idKeys(8) });
    compute.create(vm("1"));
    clock.advance(MINUTE);
    const before = compute.patches.length;
    const { refused } = await patch({ attach: idKeys(8) }, vm("1"));
    expect(compute.patches.length - before).toBe(3);
    expect([...refused.values()].filter(({ isNew }) => !isNew)).toMatchObject(
      new Array(5).fill({ retryInMs: expect.toSatisfy((ms: number) => ms > 50_000 && ms <= MINUTE) }),
    );
  });

  it("count as done where a machine has them already", async () => {
    const { compute, patch } = fakeAzure();
    compute.refuse([a]);
    await patch({ attach: [a] });
    compute.create(vm("1"), { ids: [a] });
    expect(await patch({ attach: [a] }, vm("1"))).toEqual({ done: new Set([a]), refused: new Map(), fault: undefined });
  });

  it("may be taken at once when MIC signs in as somebody else", async () => {
    const { compute, machines, patch } = fakeAzure();
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
    const { compute, machines, patch } = fakeAzure();
    compute.failNext("update", trouble);
    const { refused, fault } = await patch({ attach: [a, b] });
    expect([refused.size, fault?.code, machines.quarantined]).toEqual([0, expected, 0]);
    expect(compute.patches).toHaveLength(1);
  });

  it("are not what is too many for a machine, which makes room first", async () => {
    const { compute, machines, patch } = fakeAzure();
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
