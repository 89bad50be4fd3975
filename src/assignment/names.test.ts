import { describe, expect, it } from "vitest";
import { SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { pod } from "../../test/support/make.ts";
import { world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";
import type { MachinePlan } from "./types.ts";

describe("names", () => {
  const names = (plan: readonly MachinePlan[]) =>
    plan.flatMap(({ work }) => work.map(({ draft }) => draft?.name ?? ""));

  it("gives two pods that share a plain name two records, and keeps both for good", () => {
    const pods = [pod("a-b", { namespace: "c" }), pod("a", { namespace: "b-c" })];
    const cluster = new SmallCluster();
    const first = planAssignments(snapshot({ ...world, pods }));
    cluster.carryOut(first);
    expect(names(first.machines)).toEqual(["a-b-c-demo", expect.stringMatching(/^a-b-c-demo-[0-9a-f]{8}$/)]);
    expect(planAssignments(snapshot({ ...world, pods, assignments: cluster.assignments })).machines).toEqual([]);
  });

  it("shortens a name that the API server would refuse", () => {
    const [first = ""] = names(
      planAssignments(snapshot({ ...world, pods: [pod("p".repeat(250), { namespace: "n.n" })] })).machines,
    );
    expect(first).toMatch(/^p+-[0-9a-f]{8}$/);
    expect(first.length).toBeLessThanOrEqual(253);
  });
});
