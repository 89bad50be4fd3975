import { describe, expect, it } from "vitest";
import { identity, node, pod, vmProviderId } from "../../test/support/make.ts";
import { demo, dying, id, lines, marked, record, vm, world } from "../../test/support/plan-lines.ts";
import { settings } from "../../test/support/small-cluster.ts";
import type { Snapshot } from "./types.ts";

const a = pod("a");
const away = vm("theirs").replace("/rg/", "/rg2/");
const awayNode = node("node-9", vmProviderId("theirs").replace("/rg/", "/rg2/"));
const nodes = [...world.nodes, awayNode];
const other = { identity: identity("demo", { spec: { clientID: "other" } }), binding: demo.binding };

describe("what a record says about machines", () => {
  const elsewhere = record({ ...demo, pod: a }, "Assigned", { machine: away });
  const left = record({ ...demo, pod: a }, "Assigned", { leftovers: [{ machine: away, resourceId: id("demo") }] });
  const shop = pod("a", { namespace: "shop" });

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "counts on a machine of another resource group while that has a node",
      given: { nodes, assignments: [elsewhere] },
      then: [`on ${away}`, "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not count there without a node",
      given: { assignments: [elsewhere] },
      then: ["on ", "forget a-default-demo"],
    },
    {
      when: "does not count in its leftovers either",
      given: { assignments: [left] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not count in the leftovers of one that is needed",
      given: { pods: [a], assignments: [left] },
      then: [],
    },
    {
      when: "does not count in a namespace where MIC keeps no records",
      given: { assignments: [marked({ namespace: "theirs" }, record({ ...demo, pod: a }))] },
      then: [],
    },
    {
      when: "counts in the pod's own namespace",
      given: { assignments: [marked({ namespace: "shop" }, record({ ...demo, pod: shop }))] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-shop-demo"],
    },
  ])("$when", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });
});

describe("a pod whose node was deleted under it", () => {
  const gone = { nodes: [], pods: [a] };

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    { when: "keeps what it has", given: { assignments: [record({ ...demo, pod: a })] }, then: [] },
    {
      when: "keeps it through edits",
      given: { identities: [other.identity], assignments: [record({ ...demo, pod: a })] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned"],
    },
    {
      when: "keeps nothing of what it had on another node",
      given: { assignments: [record({ ...demo, pod: pod("a", { spec: { nodeName: "node-1" } }) })] },
      then: ["on virtualmachines/node-1", "detach demo", "forget a-default-demo"],
    },
    {
      when: "does not keep what somebody deletes",
      given: { assignments: [dying(record({ ...demo, pod: a }))] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "gets nothing on a machine that is not the cluster's",
      given: { assignments: [record({ ...demo, pod: a }, "Assigned", { machine: away })] },
      then: ["on ", "forget a-default-demo"],
    },
    { when: "gets nothing new on a machine", given: {}, then: [] },
    {
      when: "gets what needs no machine",
      given: { identities: [identity("demo", { spec: { type: 1 } })] },
      then: ["on ", "create a-default-demo Assigned"],
    },
  ])("$when", ({ given, then }) => {
    expect(lines({ ...gone, ...given })).toEqual(then);
  });
});

describe("a pinned identity", () => {
  const pinned = { ...settings, pinnedClientIds: new Set(["client-of-demo"]) };
  const shouted = { ...demo, identity: identity("demo", { spec: { clientID: "CLIENT-of-demo" } }) };

  it.each<{ by: string; given: Partial<Snapshot> }>([
    {
      by: "an AzureIdentity, in whatever case",
      given: { identities: [shouted.identity], assignments: [record({ ...other, pod: a })] },
    },
    {
      by: "a record's own copy, in whatever case",
      given: { identities: [], assignments: [record({ ...shouted, pod: a })] },
    },
  ])("stays on the machine when $by says so", ({ given }) => {
    expect(lines({ ...given, settings: pinned })).toEqual(["on virtualmachines/node-0", "forget a-default-demo"]);
  });
});

describe("of two records for one thing", () => {
  const plain = record({ ...demo, pod: a });

  it.each([
    { kept: "the one that lives", surplus: dying(plain) },
    { kept: "the one that is Assigned", surplus: { ...plain, state: "Created" as const } },
  ])("$kept is kept", ({ surplus }) => {
    const best = marked({ name: "z" }, plain);
    for (const assignments of [
      [surplus, best],
      [best, surplus],
    ]) {
      expect(lines({ pods: [a], assignments })).toEqual(["on virtualmachines/node-0", "forget a-default-demo"]);
    }
  });

  it("the first by name is kept when they are equal", () => {
    const assignments = [marked({ name: "z" }, plain), plain];
    expect(lines({ pods: [a], assignments })).toEqual(["on virtualmachines/node-0", "forget z"]);
  });
});
