import { describe, expect, it } from "vitest";
import { assignment, binding, identity, identityId, node, pod, scaleSetProviderId } from "../../test/support/make.ts";
import { SmallCluster, settings, snapshot } from "../../test/support/small-cluster.ts";
import type { AssignmentState } from "../api/assignment.ts";
import type { Placement } from "../api/placement.ts";
import { resourceKey } from "../api/resource-id.ts";
import { planAssignments } from "./plan.ts";
import type { MachinePlan, Snapshot } from "./types.ts";

const COMPUTE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
const vm = (name: string) => `${COMPUTE}/virtualmachines/${name}`;
const scaleSet = (name: string) => `${COMPUTE}/virtualmachinescalesets/${name}`;
const id = (name: string) => resourceKey(identityId(name));

const demo = { identity: identity("demo"), binding: binding("demo") };
const world = { nodes: [node("node-0"), node("node-1")], identities: [demo.identity], bindings: [demo.binding] };

type RecordOver = { readonly machine?: string; readonly leftovers?: readonly Placement[]; readonly nodeName?: string };

function record(of: Parameters<typeof assignment>[0], state: AssignmentState = "Assigned", over: RecordOver = {}) {
  const made = assignment(of, state, over.nodeName === undefined ? {} : { nodeName: over.nodeName });
  const isPlaced = of.identity.type === 0;
  return { ...made, machine: isPlaced ? vm(made.nodeName) : "", leftovers: [], ...over };
}

/** A plan as short lines: what happens to which record, and what goes on and off the machine. */
function lines(over: Partial<Snapshot>): string[] {
  return planAssignments(snapshot({ ...world, ...over })).machines.flatMap(
    ({ machine, work, attach, detach, forget }) => [
      `on ${machine.replace(`${COMPUTE}/`, "")}`,
      ...work.map(({ draft, record, awaits, clears }) => {
        const verb = draft === undefined ? "confirm" : record === undefined ? "create" : "rewrite";
        const name = draft?.name ?? record?.meta.name;
        const state = draft?.state ?? (awaits === undefined ? "cleared" : "Assigned");
        return `${verb} ${name} ${state}${clears.length > 0 ? ` clearing ${clears.map(nameOf)}` : ""}`;
      }),
      ...attach.map((one) => `attach ${nameOf(one)}`),
      ...detach.map((one) => `detach ${nameOf(one)}`),
      ...forget.map(({ record }) => `forget ${record.meta.name}`),
    ],
  );
}

const nameOf = (resourceId: string) => resourceId.split("/").at(-1);

describe("planAssignments", () => {
  const a = pod("a");
  const b = pod("b");
  const create = ["on virtualmachines/node-0", "create a-default-demo Created", "attach demo"];
  const sp = { identity: identity("demo", { spec: { type: 1 } }), binding: demo.binding };
  const edited = { identity: identity("demo", { spec: { resourceID: identityId("next") } }), binding: demo.binding };

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    { when: "nothing is there", given: {}, then: [] },
    { when: "nothing changed", given: { pods: [a], assignments: [record({ ...demo, pod: a })] }, then: [] },
    { when: "a pod appeared", given: { pods: [a] }, then: create },
    {
      when: "a crash left a record Created",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Created")] },
      then: ["on virtualmachines/node-0", "confirm a-default-demo Assigned", "attach demo"],
    },
    {
      when: "a record has no state, as before states existed",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "")] },
      then: ["on virtualmachines/node-0", "confirm a-default-demo Assigned", "attach demo"],
    },
    {
      when: "a pod returns while its record is Unassigned",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Unassigned")] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Created", "attach demo"],
    },
    {
      when: "the last user left",
      given: { assignments: [record({ ...demo, pod: a })] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "the last user left before the machine was confirmed",
      given: { assignments: [record({ ...demo, pod: a }, "Created")] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "only the record is left",
      given: { assignments: [record({ ...demo, pod: a }, "Unassigned")] },
      then: ["on ", "forget a-default-demo"],
    },
    {
      when: "one of two users left",
      given: { pods: [b], assignments: [record({ ...demo, pod: a }), record({ ...demo, pod: b })] },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "a pod of the same name in another namespace still uses the identity",
      given: {
        pods: [pod("a", { namespace: "shop" })],
        assignments: [record({ ...demo, pod: a }), record({ ...demo, pod: pod("a", { namespace: "shop" }) })],
      },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "another AzureIdentity for the same resource is still used by the pod",
      given: {
        pods: [a],
        identities: [identity("twin", { spec: { resourceID: identityId("DEMO"), clientID: "" } })],
        bindings: [binding("twin", { spec: { selector: "demo" } })],
        assignments: [record({ ...demo, pod: a })],
      },
      then: ["on virtualmachines/node-0", "create a-default-twin Created", "attach demo", "forget a-default-demo"],
    },
    {
      when: "somebody deletes a record that is needed",
      given: {
        pods: [a],
        assignments: [
          ((one) => ({ ...one, meta: { ...one.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } }))(
            record({ ...demo, pod: a }),
          ),
        ],
      },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "a pod came back on another machine",
      given: { pods: [pod("a", { spec: { nodeName: "node-1" } })], assignments: [record({ ...demo, pod: a })] },
      then: ["on virtualmachines/node-1", "rewrite a-default-demo Created", "attach demo"],
    },
    {
      when: "the record remembers the machine that it left",
      given: {
        pods: [pod("a", { spec: { nodeName: "node-1" } })],
        assignments: [
          record({ ...demo, pod: pod("a", { spec: { nodeName: "node-1" } }) }, "Assigned", {
            leftovers: [{ machine: vm("node-0"), resourceId: id("demo") }],
          }),
        ],
      },
      then: ["on virtualmachines/node-0", "confirm a-default-demo cleared clearing demo", "detach demo"],
    },
    {
      when: "the machine that it left has another user",
      given: {
        pods: [pod("a", { spec: { nodeName: "node-1" } }), b],
        assignments: [
          record({ ...demo, pod: b }),
          record({ ...demo, pod: pod("a", { spec: { nodeName: "node-1" } }) }, "Assigned", {
            leftovers: [{ machine: vm("node-0"), resourceId: id("demo") }],
          }),
        ],
      },
      then: ["on virtualmachines/node-0", "confirm a-default-demo cleared clearing demo"],
    },
    {
      when: "the identity became another resource",
      given: { pods: [a], identities: [edited.identity], assignments: [record({ ...demo, pod: a })] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Created clearing demo", "attach next", "detach demo"],
    },
    {
      when: "something that matters but not to the machine was edited",
      given: {
        pods: [a],
        identities: [identity("demo", { spec: { clientID: "other" } })],
        assignments: [record({ ...demo, pod: a })],
      },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned"],
    },
    {
      when: "something that does not matter was edited",
      given: {
        pods: [a],
        identities: [identity("demo", { labels: { team: "b" }, annotations: { note: "x" } })],
        assignments: [record({ ...demo, pod: a })],
      },
      then: [],
    },
    {
      when: "an older release wrote the record",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Assigned", { machine: "" })] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned"],
    },
    {
      when: "the identity is a service principal",
      given: { pods: [a], identities: [sp.identity] },
      then: ["on ", "create a-default-demo Assigned"],
    },
    {
      when: "a service principal's pod left",
      given: { identities: [sp.identity], assignments: [record({ ...sp, pod: a })] },
      then: ["on ", "forget a-default-demo"],
    },
    {
      when: "the identity became a service principal",
      given: { pods: [a], identities: [sp.identity], assignments: [record({ ...demo, pod: a })] },
      then: ["on ", "rewrite a-default-demo Assigned"],
    },
    {
      when: "an identity is pinned, in whatever case",
      given: {
        assignments: [record({ ...demo, pod: a })],
        settings: { ...settings, pinnedClientIds: new Set(["client-of-demo"]) },
        identities: [identity("demo", { spec: { clientID: "CLIENT-of-demo" } })],
      },
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
    },
    {
      when: "a record names a machine that is not the cluster's",
      given: {
        assignments: [record({ ...demo, pod: a }, "Assigned", { machine: vm("x").replace("/sub/", "/theirs/") })],
      },
      then: ["on ", "forget a-default-demo"],
    },
  ])("when $when: $then", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });

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
});
