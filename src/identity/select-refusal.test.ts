import { describe, expect, it } from "vitest";
import { binding, identity, identityId, pod } from "../../test/support/make.ts";
import { all, any, bound, byClient, byResource, confined, open, web } from "../../test/support/recorded-identities.ts";
import type { AssignmentState } from "../api/assignment.ts";
import { BEHAVIOR_ANNOTATION } from "../api/kinds.ts";
import { selectIdentity } from "./select.ts";

const nothing = all();
const confinedIdentity = { annotations: { [BEHAVIOR_ANNOTATION]: "namespaced" } };
const renewed = { ...bound("a"), identities: [identity("a", { spec: { clientID: "another" } })] };
const moved = { ...bound("a"), identities: [identity("a", { spec: { resourceID: identityId("b") } })] };
const retyped = { ...bound("a"), identities: [identity("a", { spec: { type: 1 } })] };
const deleting = bound("a").assignments.map((record) => ({
  ...record,
  meta: { ...record.meta, deletionTimestamp: "2026-01-01T00:00:00Z" },
}));
const elsewhere = bound("a", "Assigned", { of: pod("web", { spec: { nodeName: "node-1" } }) });

describe("selectIdentity refuses", () => {
  it.each([
    {
      when: "no label, though an empty selector would match it",
      of: pod("web", { selector: "" }),
      known: { ...bound("a"), bindings: [binding("a", { spec: { selector: "" } })] },
      then: { outcome: "not-bound", mayChange: false },
    },
    { when: "nothing at all", known: nothing, then: { outcome: "not-bound", mayChange: true } },
    {
      when: "a record but no live binding",
      known: { ...bound("a"), bindings: [] },
      then: { outcome: "not-bound", why: "no AzureIdentityBinding has the selector demo" },
    },
    { when: "a record but no live identity", known: { ...bound("a"), identities: [] }, then: { outcome: "not-bound" } },
    {
      when: "a binding whose identity lives in another namespace",
      known: { ...bound("a"), bindings: [binding("a", { namespace: "team", spec: { selector: "demo" } })] },
      then: { outcome: "not-bound" },
    },
    {
      when: "a client ID that is another identity's resource ID",
      known: bound("a", "Assigned", { identity: { spec: { resourceID: "x-1" } } }),
      named: byClient("x-1"),
      then: { outcome: "not-bound" },
    },
    {
      when: "a resource ID that is another identity's client ID",
      known: bound("a"),
      named: byResource("client-of-a"),
      then: { outcome: "not-bound", why: "no identity bound to the pod has the resource ID client-of-a" },
    },
    { when: "no record yet", known: bound("a", "none"), then: { outcome: "not-assigned", isCreated: false } },
    { when: "a record that is only created", known: bound("a", "Created"), then: { isCreated: true } },
    { when: "a record in a state that no release writes", known: bound("a", "Unknown"), then: { isCreated: true } },
    { when: "a record that was taken back", known: bound("a", "Unassigned"), then: { isCreated: false } },
    {
      when: "a record that is being deleted",
      known: { ...bound("a"), assignments: deleting },
      then: { outcome: "not-assigned", isCreated: false },
    },
    { when: "another client ID than the record's", known: renewed, then: { outcome: "not-assigned" } },
    { when: "another resource ID than the record's", known: moved, then: { outcome: "not-assigned" } },
    { when: "another type than the record's", known: retyped, then: { outcome: "not-assigned" } },
    { when: "a record for another node", known: elsewhere, then: { outcome: "not-assigned" } },
    {
      when: "a record for another pod",
      known: bound("a", "Assigned", { of: pod("web-2") }),
      then: { outcome: "not-assigned" },
    },
    {
      when: "a record in a namespace that is not MIC's",
      known: bound("a", "Assigned", { recordNamespace: "team" }),
      then: { outcome: "not-assigned" },
    },
    {
      when: "a record in the pod's namespace for an identity that is not confined to it",
      of: pod("web", { namespace: "team" }),
      known: bound("a", "Assigned", {
        of: pod("web", { namespace: "team" }),
        namespace: "team",
        recordNamespace: "team",
      }),
      then: { outcome: "not-assigned", isCreated: false },
    },
    {
      when: "an identity that is confined to another namespace",
      known: bound("a", "Assigned", { namespace: "team", identity: { namespace: "team", ...confinedIdentity } }),
      then: { outcome: "denied", facts: { identities: "team/a" } },
    },
    {
      when: "an identity of another namespace where all are confined",
      known: bound("a", "Assigned", { namespace: "team" }),
      rules: confined,
      then: { outcome: "denied" },
    },
    {
      when: "a malformed resource ID, with the reason",
      known: bound("a", "none", { identity: { spec: { resourceID: "a/b" } } }),
      then: { outcome: "not-assigned", why: expect.stringContaining("invalid resource id") },
    },
  ])("$when", ({ of = web, known, named = any, rules = open, then }) => {
    expect(selectIdentity(of, named, known, rules)).toMatchObject(then);
  });

  const secret = (state: AssignmentState | "none", over = {}) =>
    bound("secret-name", state, { namespace: "team", identity: over });
  it.each([
    { when: "that it may not use", known: secret("Assigned", confinedIdentity) },
    { when: "that is not recorded", known: secret("none") },
    { when: "that is not confirmed", known: secret("Created") },
    { when: "whose record is outdated", known: secret("Unassigned") },
    { when: "that is malformed", known: secret("none", { spec: { resourceID: "secret-name/b" } }) },
    { when: "that is not there", known: { ...secret("none"), identities: [] } },
  ])("naming an identity of another namespace in the log only: one $when", ({ known }) => {
    const { why, facts } = selectIdentity(web, any, known, open) as { why?: string; facts?: object };
    expect(why).toMatch(/^[a-z]/);
    expect(why).not.toContain("secret-name");
    expect(Object.values(facts ?? {})).toContainEqual(expect.stringMatching(/^team\/secret-name/));
  });

  it("naming an identity of the pod's own namespace, which helps most", () => {
    expect(selectIdentity(web, any, bound("mine", "Created"), open)).toMatchObject({
      why: "AzureIdentity default/mine is not confirmed on the pod's machine yet",
    });
  });
});
