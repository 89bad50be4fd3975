import { describe, expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { node, pod, scaleSetProviderId } from "../../test/support/make.ts";
import { demo, lines, record, scaleSet, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "./plan.ts";

describe("scale sets", () => {
  const nodes = [node("vmss0", scaleSetProviderId("pool", 0)), node("vmss1", scaleSetProviderId("Pool", 1))];
  const on = (name: string, nodeName: string) => pod(name, { spec: { nodeName } });
  const here = { machine: scaleSet("pool") };

  it("puts an identity on the set once, whatever the spelling of its nodes", () => {
    expect(lines({ nodes, pods: [on("a", "vmss0"), on("b", "vmss1")] })).toEqual([
      "on virtualmachinescalesets/pool",
      "create a-default-demo Created",
      "create b-default-demo Created",
      "attach demo",
    ]);
  });

  it("keeps it while a pod on another instance needs it", () => {
    const assignments = [record({ ...demo, pod: on("a", "vmss0") }, "Assigned", here)];
    const other = record({ ...demo, pod: on("b", "vmss1") }, "Assigned", here);
    expect(lines({ nodes, pods: [on("b", "vmss1")], assignments: [...assignments, other] })).toEqual([
      "on virtualmachinescalesets/pool",
      "forget a-default-demo",
    ]);
  });

  it("tells the record when a pod came back on another instance, and leaves the set alone", () => {
    const assignments = [record({ ...demo, pod: on("a", "vmss0") }, "Assigned", here)];
    expect(lines({ nodes, pods: [on("a", "vmss1")], assignments })).toEqual([
      "on virtualmachinescalesets/pool",
      "rewrite a-default-demo Assigned",
    ]);
  });

  it("takes it off when the last user's node has gone", () => {
    const assignments = [record({ ...demo, pod: on("a", "vmss9") }, "Assigned", here)];
    expect(lines({ nodes, assignments })).toEqual([
      "on virtualmachinescalesets/pool",
      "detach demo",
      "forget a-default-demo",
    ]);
  });

  it("tells sets of one name in two resource groups apart", () => {
    const far = node("far0", scaleSetProviderId("pool", 0).replace("/rg/", "/rg2/"));
    const plan = planAssignments(
      snapshot({ ...world, nodes: [...nodes, far], pods: [on("a", "vmss0"), on("b", "far0")] }),
    );
    expect(plan.machines.map(({ machine }) => machine)).toEqual(
      [scaleSet("pool"), scaleSet("pool").replace("/rg/", "/rg2/")].sort(),
    );
  });
});
