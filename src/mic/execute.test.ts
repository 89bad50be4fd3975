import { describe, expect, it } from "vitest";
import { FakeMachines } from "../../test/support/azure/fake-machines.ts";
import { appear, carryOut, FakeRecords, idOf, planOf, VM, vanish, world } from "../../test/support/carried-out.ts";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";

describe("executePlan", () => {
  it("writes records first, then asks Azure, then confirms", async () => {
    const records = new FakeRecords();
    const { outcome, told, machines, doneBefore } = await carryOut(appear, records);
    expect(outcome.fault).toBeUndefined();
    expect(doneBefore).toEqual([["write a-default-bad", "write a-default-good"]]);
    expect(records.done).toEqual([
      "write a-default-bad",
      "write a-default-good",
      "confirm a-default-bad",
      "  Assigned, cleared 0",
      "confirm a-default-good",
      "  Assigned, cleared 0",
    ]);
    expect(machines.on(VM)).toEqual([idOf("bad"), idOf("good")]);
    expect(told).toEqual(["BindingApplied bad-binding", "BindingApplied good-binding"]);
  });

  it("tells of the next record where there is one, and not that the pod's identity went", async () => {
    expect((await carryOut(vanish, new FakeRecords())).told).toEqual(["BindingRemoved good-binding"]);
    const { told } = await carryOut(vanish, new FakeRecords(), new FakeMachines(), () => true);
    expect(told).toEqual(["RecordReplaced good-binding"]);
  });

  it.each([
    { when: "its record goes", pods: [], then: [] },
    { when: "its record is rewritten for another node", pods: [pod("a")], then: ["BindingApplied good-binding"] },
  ])("warns that an identity may stay on the machine of a node that has gone when $when", async ({ pods, then }) => {
    const [of, to] = [identity("good"), binding("good", { spec: { selector: "demo" } })];
    const old = assignment({ pod: pod("a", { spec: { nodeName: "gone-1" } }), identity: of, binding: to });
    const plan = planOf({ ...world, identities: [of], bindings: [to], pods, assignments: [old] });
    const { told, texts } = await carryOut(plan, new FakeRecords(), new FakeMachines(), () => true);
    expect(told).toEqual(["IdentityMayRemain good-binding", ...then]);
    expect(texts[0]).toBe(
      `Identity ${of.resourceId} may still be on the machine of node gone-1, which has gone: no record says which machine that is. If it was a scale set that is still there, and no pod on it needs the identity, take it off with az vmss identity remove --resource-group <group> --name <scale set> --identities "${of.resourceId}"`,
    );
  });

  it("puts nothing on the machine that has no record", async () => {
    const { outcome, told, machines } = await carryOut(appear, new FakeRecords("write a-default-bad"));
    expect(machines.on(VM)).toEqual([idOf("good")]);
    expect(outcome.fault?.code).toBe("KUBE_ERROR");
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
  });

  it.each(["missing", "stale"] as const)("mends an identity that is %s, and reports that", async (kind) => {
    const machines = new FakeMachines();
    if (kind === "stale") machines.put(VM, idOf("good"));
    machines.create(idOf("good"), "anew");
    const repair = { kind, machine: VM, resourceId: idOf("good") };
    const refused = { ...repair, resourceId: idOf("bad") };
    machines.refuse(idOf("bad"));
    const plan = { machine: VM, work: [], attach: [], detach: [], forget: [], repair: [repair, refused] };
    const { mended, notMended, outcome } = await carryOut(plan, new FakeRecords(), machines);
    expect((await machines.read(VM)).clientIds).toEqual(new Map([[idOf("good"), "anew"]]));
    expect([mended, outcome.refused?.retryInMs]).toEqual([[repair], machines.retryInMs]);
    expect(notMended).toEqual([`${idOf("bad")}: Azure refuses ${idOf("bad")}`]);
  });

  it("asks Azure nothing when records are all there is to do", async () => {
    const identities = [identity("good", { spec: { type: 1 } })];
    const plan = planOf({
      ...world,
      identities,
      bindings: [binding("good", { spec: { selector: "demo" } })],
      pods: [pod("a")],
    });
    const records = new FakeRecords();
    const { machines, told, doneBefore } = await carryOut(plan, records);
    expect(doneBefore).toEqual([]);
    expect([records.done, machines.patched, told]).toEqual([
      ["write a-default-good"],
      [],
      ["BindingApplied good-binding"],
    ]);
  });
});
