import { expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { pod } from "../../test/support/make.ts";
import { demo, id, marked, record, vm, world } from "../../test/support/plan-lines.ts";
import { neededOn } from "./needed.ts";

const theirs = vm("node-0").replace("/sub/", "/theirs/");
const on = (name: string, nodeName: string) => pod(name, { spec: { nodeName } });

it.each([
  { when: "a pod of the machine uses it", pods: [on("a", "node-0")], then: [id("demo")] },
  { when: "only pods of other machines do", pods: [on("a", "node-1")], then: [] },
  { when: "its pod has finished", pods: [pod("a", { status: { phase: "Succeeded" } })], then: [] },
  {
    when: "the node of its pod is gone, and the record knows the machine",
    pods: [on("a", "node-9")],
    assignments: [record({ ...demo, pod: on("a", "node-9") }, "Assigned", { machine: vm("node-0") })],
    then: [id("demo")],
  },
  {
    when: "the node of its pod is gone, and another record names a machine of other people",
    pods: [on("a", "node-9")],
    assignments: [
      marked({ name: "a-0" }, record({ ...demo, pod: on("a", "node-9") }, "Assigned", { machine: theirs })),
      record({ ...demo, pod: on("a", "node-9") }, "Assigned", { machine: vm("node-0") }),
    ],
    then: [id("demo")],
  },
])("what is needed on a machine when $when", ({ pods, assignments = [], then }) => {
  expect([...neededOn(vm("node-0"), snapshot({ ...world, pods, assignments }))]).toEqual(then);
});
