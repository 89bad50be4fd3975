import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/fake-azure.ts";
import type { FakeCompute, Naming } from "../../test/support/fake-compute.ts";

const [a, b, c] = [idKey("a"), idKey("b"), idKey("c")] as const;

describe("renewing identities", () => {
  const kinds = (compute: FakeCompute) =>
    compute.patches.map(({ patch }) => patch.userAssignedIdentities ?? patch.type);

  it("takes a stale identity off in one change and puts it on in the next", async () => {
    const { compute, patch } = fakeAzure();
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
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [a] });
    await patch({ renew: [a] });
    expect(kinds(compute)).toEqual(["None", { [a]: {} }]);
    expect((await patch({ renew: [b] })).done).toEqual(new Set([b]));
    expect(compute.on(vm("0"))).toEqual([a, b]);
  });

  it("never leaves the last step out: what could not be put on again is told, and put on the next time", async () => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [a, b] });
    compute.failNext("update", { status: 409, code: "Conflict", when: "after" });
    compute.failNext("update", { status: 409, code: "Conflict" });
    const first = await patch({ renew: [a] });
    expect([first.done, first.fault?.code, compute.on(vm("0"))]).toEqual([new Set(), "ARM_ERROR", [b]]);
    expect((await patch({ renew: [a] })).done).toEqual(new Set([a]));
    expect(compute.on(vm("0"))).toEqual([a, b]);
  });

  it("takes it off first, however much else there is to do", async () => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [a, b] });
    const others = idKeys(200);
    expect((await patch({ attach: others, renew: [a] })).done).toEqual(new Set([...others, a]));
    expect(compute.on(vm("0"))).toEqual([a, b, ...others]);
    expect(kinds(compute).at(-1)).toEqual({ [a]: {} });
  });

  it("does not take for renewed what could not be taken off", async () => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [a, b] });
    compute.failNext("update", { status: 409, code: "Conflict" });
    expect(await patch({ renew: [a] })).toMatchObject({ done: new Set(), fault: { code: "ARM_ERROR" } });
  });
});

describe("any patch", () => {
  const NAMES = fc.constantFrom<Naming>("all", "first", "none");
  it("all good ones end up on and all unwanted ones off, within a bound, whatever is bad and however errors name it", async () => {
    const subset = fc.uniqueArray(fc.nat(29), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(NAMES, subset, subset, subset, fc.nat(4), async (naming, wish, broken, old, maxRetries) => {
        const { compute, patch } = fakeAzure({ maxRetries });
        const name = (n: number) => idKey(`n-${n}`);
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
      { numRuns: 100 },
    );
  });
});
