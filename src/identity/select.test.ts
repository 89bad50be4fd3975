import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment, binding, identity, identityId, pod } from "../../test/support/make.ts";
import type { Assignment, AssignmentState } from "../api/assignment.ts";
import { BEHAVIOR_ANNOTATION } from "../api/kinds.ts";
import { type Known, type Named, selectIdentity } from "./select.ts";

/** What is known where MIC records assignments. */
type Recorded = Known & { readonly assignments: readonly Assignment[] };

const any: Named = { clientId: undefined, resourceId: undefined };
const byClient = (clientId: string): Named => ({ ...any, clientId });
const byResource = (resourceId: string): Named => ({ ...any, resourceId });
const open = { namespacedOnly: false };
const confined = { namespacedOnly: true };

const web = pod("web", { selector: "demo" });
type Over = Parameters<typeof identity>[1];

/** An identity bound to the pods with the label `demo`, recorded for `web` in the given state. */
function bound(
  name: string,
  state: AssignmentState | "none" = "Assigned",
  over: { identity?: Over; weight?: number; namespace?: string; recordNamespace?: string; of?: typeof web } = {},
): Recorded {
  const { namespace = "default", weight = 0, recordNamespace = "default", of = web } = over;
  const made = identity(name, { namespace, ...over.identity });
  const by = binding(name, { namespace, spec: { selector: "demo", weight } });
  const record = assignment({ pod: of, identity: made, binding: by }, state === "none" ? "" : state, {
    namespace: recordNamespace,
  });
  return { identities: [made], bindings: [by], assignments: state === "none" ? [] : [record] };
}

function all(...parts: readonly Recorded[]): Recorded {
  return {
    identities: parts.flatMap(({ identities }) => identities),
    bindings: parts.flatMap(({ bindings }) => bindings),
    assignments: parts.flatMap(({ assignments }) => assignments),
  };
}

const nothing = all();
const confinedIdentity = { annotations: { [BEHAVIOR_ANNOTATION]: "namespaced" } };

describe("selectIdentity chooses", () => {
  it.each([
    { when: "the only one, none named", known: bound("a"), named: any, then: "a" },
    { when: "one recorded by a release without states", known: bound("a", ""), named: any, then: "a" },
    { when: "by client ID, whatever its case", known: bound("a"), named: byClient("CLIENT-OF-A"), then: "a" },
    {
      when: "by resource ID, whatever its case",
      known: bound("a"),
      named: byResource(identityId("a").toUpperCase()),
      then: "a",
    },
    {
      when: "either ID is enough",
      known: all(bound("a"), bound("b")),
      named: { clientId: "nobody", resourceId: identityId("b") },
      then: "b",
    },
    {
      when: "the named one among several",
      known: all(bound("a"), bound("b")),
      named: byClient("client-of-b"),
      then: "b",
    },
    {
      when: "the highest weight among several",
      known: all(bound("a"), bound("b", "Assigned", { weight: 2 }), bound("c", "Assigned", { weight: 1 })),
      named: any,
      then: "b",
    },
    { when: "the first name among equal weights", known: all(bound("b"), bound("a")), named: any, then: "a" },
    {
      when: "the first namespace before the first name",
      known: all(bound("a", "Assigned", { namespace: "two" }), bound("b", "Assigned", { namespace: "one" })),
      named: any,
      then: "b",
    },
    {
      when: "the one that is ready, even at a lower weight",
      known: all(bound("a", "Created", { weight: 9 }), bound("b")),
      named: any,
      then: "b",
    },
    { when: "one of another namespace", known: bound("a", "Assigned", { namespace: "team" }), named: any, then: "a" },
  ])("$when", ({ known, named, then }) => {
    expect(selectIdentity(web, named, known, open)).toMatchObject({
      outcome: "chosen",
      identity: { meta: { name: then } },
    });
  });

  it("an identity of the pod's own namespace when all are confined to theirs", () => {
    const inTeam = pod("web", { namespace: "team" });
    const known = all(
      bound("a", "Assigned", { of: inTeam }),
      bound("b", "Assigned", { of: inTeam, namespace: "team", recordNamespace: "team" }),
    );
    expect(selectIdentity(inTeam, any, known, confined)).toMatchObject({ identity: { meta: { name: "b" } } });
  });
});

describe("selectIdentity in managed mode", () => {
  const managed = (...parts: readonly Recorded[]): Known => ({ ...all(...parts), assignments: undefined });
  const twoBound = managed(bound("b", "none", { weight: 2 }), bound("a", "none", { weight: 1 }));

  it.each([
    { when: "what is bound, without any record", known: managed(bound("a", "none")), named: any, then: "a" },
    { when: "the highest weight among several", known: twoBound, named: any, then: "b" },
    { when: "the named one, whatever the case", known: twoBound, named: byClient("CLIENT-OF-A"), then: "a" },
    {
      when: "the pod's own before one of another namespace",
      known: managed(bound("a", "none", { namespace: "another", weight: 9 }), bound("b", "none")),
      named: any,
      then: "b",
    },
  ])("chooses $when", ({ known, named, then }) => {
    expect(selectIdentity(web, named, known, confined)).toMatchObject({
      outcome: "chosen",
      identity: { meta: { name: then } },
    });
  });

  it("knows neither bindings nor identities of other namespaces", () => {
    const known = managed(bound("a", "none", { namespace: "team" }));
    const why = "no AzureIdentityBinding of the pod's namespace has the selector demo";
    for (const rules of [open, confined]) {
      expect(selectIdentity(web, any, known, rules)).toEqual({ outcome: "not-bound", mayChange: true, why });
    }
  });
});

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

it("the order of objects never matters", () => {
  const state = fc.constantFrom<AssignmentState | "none">("none", "Created", "Assigned", "Unassigned", "Unknown", "");
  const part = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    state,
    weight: fc.integer({ min: 0, max: 2 }),
    namespace: fc.constantFrom("default", "team"),
  });
  const parts = fc.uniqueArray(part, { selector: ({ name, namespace }) => `${namespace}/${name}`, maxLength: 6 });
  const named = fc.constantFrom(any, byClient("client-of-b"), byResource(identityId("c")));
  fc.assert(
    fc.property(parts, named, fc.boolean(), fc.array(fc.nat(), { minLength: 6 }), (list, query, only, keys) => {
      const known = all(...list.map(({ name, ...over }) => bound(name, over.state, over)));
      const shuffled = <T>(items: readonly T[]): T[] =>
        items
          .map((item, i) => ({ item, key: keys[i] ?? 0 }))
          .sort((x, y) => x.key - y.key)
          .map(({ item }) => item);
      const mixed: Known = {
        identities: shuffled(known.identities),
        bindings: shuffled(known.bindings).reverse(),
        assignments: shuffled(known.assignments),
      };
      const rules = { namespacedOnly: only };
      expect(selectIdentity(web, query, mixed, rules)).toEqual(selectIdentity(web, query, known, rules));
    }),
  );
});
