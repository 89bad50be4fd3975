import { describe, expect, it } from "vitest";
import { carryOut, FakeRecords, world } from "../../test/support/carried-out.ts";
import { SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { assignment, binding, identity, identityId, pod } from "../../test/support/make.ts";
import { loopInHand, podsOf } from "../../test/support/time/loop-in-hand.ts";
import { resourceKey } from "../api/resource-id.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { MachinePlan } from "../assignment/types.ts";
import { planJson } from "./dry-run.ts";
import { LATE_WRITES } from "./execute.ts";
import { asksForMore, partsOf } from "./wish.ts";

const [good, bound] = [identity("good"), binding("good", { spec: { selector: "demo" } })];
const given = { ...world, identities: [good], bindings: [bound] };
const podNames = Array.from({ length: 3 * LATE_WRITES - 5 }, (_, n) => `old-${String(n).padStart(3, "0")}`);
const oldRecord = (name: string) => assignment({ pod: pod(name), identity: good, binding: bound });
const old = podNames.map((name) => pod(name));
const only = (plan: ReturnType<typeof planAssignments>): MachinePlan => {
  const [first] = plan.machines;
  if (first === undefined || plan.machines.length > 1) throw new Error("one machine has work to do");
  return first;
};

describe("records of an older release, which only get the name of their machine,", () => {
  it("are written after all that pods wait for, a slice at a time", async () => {
    const assignments = podNames.map(oldRecord);
    const plan = planAssignments(snapshot({ ...given, pods: [...old, pod("web")], assignments }));
    expect(planJson(plan).machines[0]?.records).toHaveLength(podNames.length + 1);

    const records = new FakeRecords();
    const { outcome, told } = await carryOut(only(plan), records);
    expect(records.done).toEqual([
      "write web-default-good",
      "confirm web-default-good",
      "  Assigned, cleared 0",
      ...podNames.slice(0, LATE_WRITES).map((name) => `write ${name}-default-good`),
    ]);
    expect([outcome, told]).toEqual([{ fault: undefined, refused: undefined }, ["BindingApplied good-binding"]]);
  });

  it("all get it in the end", async () => {
    const cluster = new SmallCluster();
    for (const name of podNames) cluster.put(oldRecord(name));
    const look = () => planAssignments(snapshot({ ...given, pods: old, assignments: cluster.assignments }));
    let rounds = 0;
    for (let plan = look(); plan.machines.length > 0 && rounds < 10; plan = look(), rounds += 1) {
      const records = new FakeRecords();
      const write = records.write.bind(records);
      records.write = async (...of) => cluster.put(await write(...of));
      await carryOut(only(plan), records);
    }
    expect([rounds, look().machines]).toEqual([3, []]);
    expect(new Set(cluster.assignments.map(({ machine, state }) => `${machine.split("/").at(-1)} ${state}`))).toEqual(
      new Set(["node-0 Assigned"]),
    );
  });

  it("tell of what goes wrong with them", async () => {
    const plan = planAssignments(snapshot({ ...given, pods: [pod("old")], assignments: [oldRecord("old")] }));
    const { outcome } = await carryOut(only(plan), new FakeRecords("write old-default-good"));
    expect(outcome.fault?.code).toBe("KUBE_ERROR");
  });

  it.each([
    { when: "its identity was edited", over: { identities: [identity("good", { spec: { clientID: "other" } })] } },
    { when: "it is not Assigned", over: { assignments: [{ ...oldRecord("old"), state: "Created" as const }] } },
    { when: "its pod came back elsewhere", over: { assignments: [{ ...oldRecord("old"), nodeName: "node-9" }] } },
  ])("wait for nothing when $when", ({ over }) => {
    const plan = planAssignments(snapshot({ ...given, pods: [pod("old")], assignments: [oldRecord("old")], ...over }));
    expect(only(plan).work.map(({ mayWait }) => mayWait)).toEqual([undefined]);
  });

  it("end no rest of their machine", () => {
    const seen = { ...given, pods: [pod("old")] };
    const plan = only(planAssignments(snapshot({ ...seen, assignments: [oldRecord("old")] })));
    expect([asksForMore(plan, new Set()), [...partsOf(plan)]]).toEqual([false, []]);
  });

  it("are written although Azure refuses an identity of their machine, which is not asked again for them", async () => {
    const names = ["web", "old"];
    const waiting = { ...assignment({ pod: pod("web"), identity: good, binding: bound }), state: "Created" as const };
    const t = loopInHand({
      ...given,
      pods: names.map((name) => pod(name)),
      assignments: [new SmallCluster().put({ ...waiting, machine: machineOf(waiting.nodeName) }), oldRecord("old")],
    });
    await t.look();
    const ids = new Set([resourceKey(identityId("good"))]);
    t.works[0]?.end({ fault: undefined, refused: { ids, retryInMs: 60_000 } });
    await t.look(1);
    expect(t.works.map(({ plan: { work, attach } }) => [podsOf(work).toSorted(), attach.length])).toEqual([
      [["old", "web"], 1],
      [["old"], 0],
    ]);
    t.becomes({ assignments: [] });
    t.works[1]?.end({ fault: undefined });
    await t.end();
  });
});

const machineOf = (node: string) =>
  `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/${node}`;
