import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, idKeys, vm } from "../../test/support/azure/fake-azure.ts";
import type { FakeCompute, Naming } from "../../test/support/azure/fake-compute.ts";

const [a, b, c] = [idKey("a"), idKey("b"), idKey("c")] as const;

describe("what pods have come to need", () => {
  it("is not taken off, and left to the next change", async () => {
    const { compute, once } = fakeAzure();
    compute.create(vm("0"), { ids: [a, b] });
    const result = await once({ detach: [a, b], neededNow: () => new Set([a]) });
    expect(compute.on(vm("0"))).toEqual([a]);
    expect(result).toEqual({ done: new Set([b]), refused: new Map(), fault: undefined, goOnInMs: 0 });
  });

  it("is asked for again before each change", async () => {
    const { compute, once } = fakeAzure();
    compute.create(vm("0"), { ids: [a] });
    compute.refuse([b]);
    const needed = new Set<string>();
    const neededNow = () => {
      const now = new Set(needed);
      needed.add(a); // its pod comes back while Azure refuses the first PATCH
      return now;
    };
    await once({ attach: [b, c], detach: [a], neededNow });
    expect(compute.on(vm("0"))).toEqual([a, c]);
  });
});

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

  it("leaves one in place that somebody has put on anew meanwhile", async () => {
    const { compute, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [a] });
    expect((await patch({ renew: [[a, "as-it-was"]] })).done).toEqual(new Set([a]));
    expect(kinds(compute)).toEqual([]);
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

describe("one change", () => {
  const sizes = (compute: FakeCompute) =>
    compute.patches.map(({ patch }) => Object.keys(patch.userAssignedIdentities ?? {}).length);

  it("ends after a few requests, and says when there is room for the rest", async () => {
    const { compute, now } = fakeAzure();
    const { done, refused, fault, goOnInMs } = await now({ attach: idKeys(700) });
    expect([done.size, refused.size, fault, goOnInMs]).toEqual([600, 0, undefined, 60_000]);
    expect(compute.patches).toHaveLength(4);
  });

  it("ends early when requests take long, so that MIC does not count as stuck", async () => {
    const { clock, compute, now } = fakeAzure();
    const update = compute.update.bind(compute);
    compute.update = async (...all) => {
      clock.advance(6 * 60_000);
      await update(...all);
    };
    expect(await now({ attach: idKeys(700) })).toMatchObject({ fault: undefined, goOnInMs: 0 });
    expect(compute.patches).toHaveLength(2);
  });

  it("goes on with the search where the last one was, after all that is not suspected, on whatever machine", async () => {
    const { clock, compute, now } = fakeAzure();
    compute.naming = "none";
    compute.refuse([...idKeys(6), idKey("id-015")]);
    expect((await now({ attach: idKeys(16) })).goOnInMs).toBe(60_000);
    expect(sizes(compute)).toEqual([16, 8, 4]);
    await now({ attach: [...idKeys(16), a] }, vm("1"));
    expect([sizes(compute).slice(3), compute.on(vm("1"))]).toEqual([[1, 2, 1], [a]]);
    clock.advance(60_000);
    await now({ attach: [...idKeys(16), b] });
    expect([sizes(compute).slice(6), compute.on(vm("0"))]).toEqual([[1, 1, 2], [b]]);
  });

  it("searches only while room is left for one more request", async () => {
    const { compute, machines, now } = fakeAzure();
    compute.naming = "none";
    compute.refuse(idKeys(8));
    await now({ attach: idKeys(8) });
    expect(machines.delayMs(vm("0"))).toBe(0);
    expect((await now({ attach: idKeys(8) })).goOnInMs).toBe(60_000);
    expect((await now({ attach: [...idKeys(8), a] })).done).toEqual(new Set([a]));
    expect(sizes(compute)).toEqual([8, 4, 2, 1]);
  });

  it("does not end before it has found out how many more a machine can carry", async () => {
    const { compute, once } = fakeAzure();
    compute.quota = 1;
    const { done, fault } = await once({ attach: idKeys(100) });
    expect([done.size, fault?.code]).toEqual([1, "ARM_IDENTITY_QUOTA"]);
  });

  it("tries those first that were refused and are due the longest", async () => {
    const { clock, compute, now } = fakeAzure();
    compute.refuse([a, b]);
    await now({ attach: [b] });
    clock.advance(30_000);
    await now({ attach: [a] });
    clock.advance(60_000);
    await now({ attach: [a, b] });
    expect(compute.patches.slice(2).map(({ patch }) => Object.keys(patch.userAssignedIdentities ?? {}))).toEqual([
      [b],
      [a],
    ]);
  });

  it("keeps other machines from trying what it tries once the first was taken", async () => {
    const { clock, compute, now } = fakeAzure();
    compute.refuse([a, b, c]);
    await now({ attach: [a, b, c] });
    compute.refuse([a, b, c], false);
    clock.advance(60_000);
    const first = compute.hold();
    const second = compute.hold();
    const trial = now({ attach: [a, b, c] });
    await expect.poll(() => compute.patches.length).toBe(2);
    first();
    await expect.poll(() => compute.patches.length).toBe(3);
    expect([...(await now({ attach: [b, c] }, vm("1"))).refused.keys()]).toEqual([b, c]);
    second();
    expect((await trial).done).toEqual(new Set([a, b, c]));
  });
});
