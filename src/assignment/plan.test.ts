import { describe, expect, it } from "vitest";
import { binding, identity, identityId, pod } from "../../test/support/make.ts";
import { demo, id, lines, record, vm } from "../../test/support/plan-lines.ts";
import type { Snapshot } from "./types.ts";

describe("planAssignments", () => {
  const a = pod("a");
  const b = pod("b");
  const create = ["on virtualmachines/node-0", "create a-default-demo Created", "attach demo"];
  const sp = { identity: identity("demo", { spec: { type: 1 } }), binding: demo.binding };
  const twin = {
    identity: identity("twin", { spec: { resourceID: identityId("DEMO"), clientID: "" } }),
    binding: binding("twin", { spec: { selector: "demo" } }),
  };
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
      when: "a record has a state that no release writes",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Unknown")] },
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
      then: ["on virtualmachines/node-0", "forget a-default-demo"],
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
        identities: [twin.identity],
        bindings: [twin.binding],
        assignments: [record({ ...demo, pod: a })],
      },
      then: ["on virtualmachines/node-0", "create a-default-twin Created", "attach demo"],
    },
    {
      when: "that one's record is there too",
      given: {
        pods: [a],
        identities: [twin.identity],
        bindings: [twin.binding],
        assignments: [record({ ...demo, pod: a }), record({ ...twin, pod: a }, "Created")],
      },
      then: ["on virtualmachines/node-0", "confirm a-default-twin Assigned", "attach demo", "forget a-default-demo"],
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
      when: "something that matters was edited before the machine was confirmed",
      given: {
        pods: [a],
        identities: [identity("demo", { spec: { clientID: "other" } })],
        assignments: [record({ ...demo, pod: a }, "Created")],
      },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Created", "attach demo"],
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
      when: "a record names a machine that is not the cluster's",
      given: {
        assignments: [record({ ...demo, pod: a }, "Assigned", { machine: vm("x").replace("/sub/", "/theirs/") })],
      },
      then: ["on ", "rewrite a-default-demo Unassigned"],
    },
  ])("when $when: $then", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });
});
