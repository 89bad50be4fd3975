import { describe, expect, it } from "vitest";
import { binding, identity, identityId, pod } from "../../test/support/make.ts";
import { demo, id, lines, record, vm } from "../../test/support/plan-lines.ts";
import type { Drift, Snapshot } from "./types.ts";

const a = pod("a");
const missing: Drift = { machine: vm("node-0"), resourceId: id("demo"), kind: "missing" };
const stale: Drift = { ...missing, kind: "stale" };
const other = {
  identity: identity("other", { spec: { resourceID: identityId("aaa") } }),
  binding: binding("other", { spec: { selector: "demo" } }),
};
const both = { identities: [demo.identity, other.identity], bindings: [demo.binding, other.binding] };

describe("drift", () => {
  const settled = { pods: [a], assignments: [record({ ...demo, pod: a })] };

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "somebody took off what a pod needs: the record stays as it is",
      given: { ...settled, drift: [missing] },
      then: ["on virtualmachines/node-0", "repair missing demo"],
    },
    {
      when: "what a pod needs was deleted and created anew",
      given: { ...settled, drift: [stale] },
      then: ["on virtualmachines/node-0", "repair stale demo"],
    },
    {
      when: "it was found both ways",
      given: { ...settled, drift: [missing, stale, missing] },
      then: ["on virtualmachines/node-0", "repair stale demo"],
    },
    {
      when: "it was found twice",
      given: { ...settled, drift: [missing, { ...missing }] },
      then: ["on virtualmachines/node-0", "repair missing demo"],
    },
    { when: "nobody needs it there", given: { ...settled, drift: [{ ...missing, machine: vm("node-1") }] }, then: [] },
    { when: "nobody needs it any more", given: { drift: [missing] }, then: [] },
    {
      when: "it is attached anyway",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Created")], drift: [missing] },
      then: ["on virtualmachines/node-0", "confirm a-default-demo Assigned", "attach demo"],
    },
    {
      when: "it is taken off anyway",
      given: { assignments: [record({ ...demo, pod: a })], drift: [missing] },
      then: ["on virtualmachines/node-0", "detach demo", "forget a-default-demo"],
    },
    {
      when: "the record is rewritten for another reason",
      given: { ...settled, identities: [identity("demo", { spec: { clientID: "new" } })], drift: [stale] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned", "repair stale demo"],
    },
    {
      when: "something else goes on there",
      given: { ...both, ...settled, drift: [missing] },
      then: ["on virtualmachines/node-0", "create a-default-other Created", "attach aaa", "repair missing demo"],
    },
    {
      when: "several identities are concerned, in whatever order",
      given: {
        ...both,
        pods: [a],
        assignments: [record({ ...demo, pod: a }), record({ ...other, pod: a })],
        drift: [missing, { ...stale, resourceId: id("aaa") }],
      },
      then: ["on virtualmachines/node-0", "repair stale aaa", "repair missing demo"],
    },
    {
      when: "a record in an older release's words stands for it",
      given: { pods: [a], assignments: [record({ ...demo, pod: a }, "Assigned", { machine: "" })], drift: [missing] },
      then: ["on virtualmachines/node-0", "rewrite a-default-demo Assigned", "repair missing demo"],
    },
  ])("when $when: $then", ({ given, then }) => {
    expect(lines(given)).toEqual(then);
  });
});
