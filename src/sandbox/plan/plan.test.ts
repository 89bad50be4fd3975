import { describe, expect, it } from "vitest";
import { planExample } from "../../../test/support/chart/doc-pages.ts";
import { Fault } from "../../base/fault.ts";
import { nodeNamesOf } from "./entries.ts";
import { type PlanWishes, readPlan } from "./plan.ts";

const file = (text: string): PlanWishes => ({ file: { name: "cluster.yaml", text } });
const machine = { resourceGroup: "MC_sandbox", instances: 1, labels: {}, identities: [] };

describe("readPlan", () => {
  it("is a VM and a scale set when nothing is asked for", () => {
    expect(readPlan({})).toEqual({
      resourceGroup: "MC_sandbox",
      machines: [
        { ...machine, kind: "vm", name: "vm-0" },
        { ...machine, kind: "scaleSet", name: "vmss" },
      ],
      ...{ identities: [], namespaces: [] },
    });
  });

  it("reads machines, identities and namespaces of a file", () => {
    const plan = readPlan(
      file(`
resourceGroup: MC_own
nodes:
  - vm: blue
    labels: { pool: blue }
    identities: [reader]
  - scaleSet: green
    instances: 2
    resourceGroup: MC_other
identities:
  - reader
  - { name: writer, resourceGroup: shared }
namespaces: [team-a, team-b]
`),
    );
    expect(plan).toEqual({
      resourceGroup: "MC_own",
      machines: [
        {
          kind: "vm",
          name: "blue",
          resourceGroup: "MC_own",
          instances: 1,
          labels: { pool: "blue" },
          identities: ["reader"],
        },
        { kind: "scaleSet", name: "green", resourceGroup: "MC_other", instances: 2, labels: {}, identities: [] },
      ],
      identities: [
        { name: "reader", resourceGroup: "MC_own" },
        { name: "writer", resourceGroup: "shared" },
      ],
      namespaces: ["team-a", "team-b"],
    });
    expect(plan.machines.flatMap(nodeNamesOf)).toEqual(["blue", "green000000", "green000001"]);
  });

  it("reads the example of the sandbox's page, which names every key", () => {
    const example = planExample();
    const plan = readPlan(file(example));
    expect(plan.machines.flatMap(nodeNamesOf)).toEqual(["blue", "green000000", "green000001", "green000002"]);
    expect([plan.identities.length, plan.namespaces.length]).toEqual([2, 2]);
    for (const key of [
      "resourceGroup",
      "nodes",
      "vm",
      "scaleSet",
      "instances",
      "labels",
      "identities",
      "namespaces",
      "name",
    ]) {
      expect(example).toMatch(new RegExp(`\\b${key}:`));
    }
  });

  it("reads the same of options, whose lists win over the file's", () => {
    const options = { vms: "one,MC_other/two", scaleSets: "set=2", identities: "shared/reader", namespaces: "team-a" };
    expect(readPlan({ ...file("nodes: [{ vm: three }]\nnamespaces: [team-b]"), ...options })).toEqual({
      resourceGroup: "MC_sandbox",
      machines: [
        { ...machine, kind: "vm", name: "one" },
        { ...machine, kind: "vm", name: "two", resourceGroup: "MC_other" },
        { ...machine, kind: "scaleSet", name: "set", instances: 2 },
      ],
      identities: [{ name: "reader", resourceGroup: "shared" }],
      namespaces: ["team-a"],
    });
  });

  it.each([
    ["colour: blue", "the file has the unknown key colour: give only resourceGroup, nodes, identities, namespaces"],
    ["- a", 'the file has ["a"]: give an object with resourceGroup, nodes, identities, namespaces'],
    ["nodes: 3", "nodes has 3: give a list"],
    ["nodes: [a]", 'nodes[0] has "a": give an object with vm, resourceGroup, labels, identities'],
    ["nodes: [{ vm: A }]", 'nodes[0].vm has "A": give lower-case letters, digits and dashes, 63 at most'],
    ["nodes: [{ vm: a, instances: 2 }]", "nodes[0] has the unknown key instances: give only vm, resourceGroup,"],
    ["nodes: [{ scaleSet: a, instances: many }]", 'nodes[0].instances has "many": give a whole number from 1 to 100'],
    ["nodes: [{ vm: a, labels: { a: 1 } }]", "nodes[0].labels.a has 1: give a text"],
    [
      "nodes: [{ vm: a, identities: [x] }]\nidentities: [y]",
      'nodes[0].identities[0] has "x": give one of identities: y',
    ],
    ["nodes: [{ vm: a }, { vm: a }]", 'nodes has "a" twice: give each name once'],
    ["nodes: [{ scaleSet: a, instances: 100 }, { vm: b }]", "nodes has 101 nodes: give at most 100"],
    ["resourceGroup: a/b", 'resourceGroup has "a/b": give letters, digits and -_.(), 90 at most'],
    [
      "namespaces: [A, 1]",
      'namespaces[0] has "A": give lower-case letters, digits and dashes, 63 at most; namespaces[1] has 1:',
    ],
    ["nodes: []", "nodes has none: give one at least, or leave it out"],
    ["nodes: [{ vm: a, labels: { a b: c } }]", 'nodes[0].labels has the label "a b": give names of letters'],
    ["nodes: [{ vm: a, labels: { a: b c } }]", 'nodes[0].labels.a has "b c": give letters, digits and -_.'],
    ["a: [", "line 1 is not YAML"],
    ["&a [*a]", "has the alias *a: write out what it stands for"],
  ])("refuses %j and says what is allowed", (text, said) => {
    expect(() => readPlan(file(text))).toThrow(`cluster.yaml: ${said}`);
  });

  it.each([
    [{ vms: "A" }, '--vms has "A": give lower-case letters'],
    [{ scaleSets: "a=0" }, "--scale-sets has 0: give a whole number from 1 to 100"],
    [{ scaleSets: "a=b" }, '--scale-sets has "b": give a whole number'],
    [{ identities: "a//b" }, '--identities has "a/": give letters, digits'],
    [{ namespaces: "a,,b" }, '--namespaces has "": give lower-case letters'],
  ])("refuses the option %j and says what is allowed", (wishes, said) => {
    const attempt = () => readPlan(wishes);
    expect(attempt).toThrow(said);
    expect(attempt).toThrow(Fault);
  });
});
