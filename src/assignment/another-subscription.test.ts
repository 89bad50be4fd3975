import { describe, expect, it } from "vitest";
import { SmallCluster, settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { node, pod, vmProviderId } from "../../test/support/make.ts";
import { demo, dying, id, record, vm, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";
import type { Snapshot } from "./types.ts";

const a = pod("a");

describe("when azure.json names another subscription than before", () => {
  const moved = { ...settings, home: { subscription: "wrong", resourceGroup: "rg" } };
  const cluster = (...records: ReturnType<typeof record>[]) => {
    const small = new SmallCluster();
    for (const one of records) small.put(one);
    small.machines.set(vm("node-0"), new Set([id("demo")]));
    return small;
  };
  const settle = (small: SmallCluster, over: Partial<Snapshot>) => {
    const look = () => planAssignments(snapshot({ ...world, ...over, assignments: small.assignments }));
    for (let rounds = 0; look().machines.length > 0 && rounds < 5; rounds += 1) small.carryOut(look());
    expect(look().machines).toEqual([]);
    return look();
  };
  const states = (small: SmallCluster) => small.assignments.map(({ meta, state }) => `${meta.name} ${state}`);
  const own = record({ ...demo, pod: a });

  it.each([
    { of: "this release", one: own },
    { of: "an older release", one: { ...own, machine: "" } },
  ])("leaves pods that run their records, of $of", ({ one }) => {
    const small = cluster(one);
    const { notes } = settle(small, { pods: [a], settings: moved });
    expect([states(small), notes.map(({ code }) => code)]).toEqual([["a-default-demo Assigned"], ["machine-foreign"]]);
    expect(small.assignments[0]?.nodeName).toBe("node-0");
  });

  it("takes what such a record left on machines that count off them", () => {
    const here = vm("node-1").replace("/sub/", "/wrong/");
    const small = cluster({ ...own, leftovers: [{ machine: here, resourceId: id("demo") }] });
    small.machines.set(here, new Set([id("demo")]));
    settle(small, { pods: [a], settings: moved });
    expect([states(small), [...small.on(here)], small.assignments[0]?.leftovers]).toEqual([
      ["a-default-demo Assigned"],
      [],
      [],
    ]);
  });

  it("takes the identity of a pod off a machine that counts when it comes back on one that does not", () => {
    const small = cluster(own);
    settle(small, { pods: [a], nodes: [node("node-0", vmProviderId("node-0").replace("/sub/", "/theirs/"))] });
    expect([states(small), [...small.on(vm("node-0"))]]).toEqual([[], []]);
  });

  it("forgets nothing of pods that go meanwhile, says so, and takes it off once azure.json is corrected", () => {
    const small = cluster(own);
    const { notes } = settle(small, { settings: moved });
    expect([states(small), [...small.on(vm("node-0"))]]).toEqual([["a-default-demo Unassigned"], [id("demo")]]);
    expect(notes.map(({ code, record, detail }) => [code, record?.meta.name, detail])).toEqual([
      [
        "record-foreign",
        "a-default-demo",
        `demo may still be on ${vm("node-0")}, which MIC may not change: correct azure.json, name its scope in --machine-scopes, or delete the record to let it go`,
      ],
    ]);

    expect(settle(small, {}).notes).toEqual([]);
    expect([states(small), [...small.on(vm("node-0"))]]).toEqual([[], []]);
  });

  it("gives a pod that comes back its identity once azure.json is corrected", () => {
    const small = cluster(own);
    settle(small, { settings: moved });
    settle(small, { pods: [a] });
    expect([states(small), [...small.on(vm("node-0"))]]).toEqual([["a-default-demo Assigned"], [id("demo")]]);
    expect(small.assignments[0]?.leftovers).toEqual([]);
  });

  it("does not forget where a pod was that comes back on a machine that counts", () => {
    const small = cluster(own);
    const here = node("node-0", vmProviderId("node-0").replace("/sub/", "/wrong/"));
    const { notes } = settle(small, { pods: [a], nodes: [here], settings: moved });
    expect(states(small)).toEqual(["a-default-demo Assigned"]);
    expect(small.assignments[0]?.leftovers).toEqual([{ machine: vm("node-0"), resourceId: id("demo") }]);
    expect(notes.map(({ code }) => code)).toEqual(["record-foreign"]);
  });

  it("lets a record go that a user deletes", () => {
    const small = cluster(dying(own));
    settle(small, { settings: moved });
    expect(small.assignments).toEqual([]);
  });
});
