import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityId, pod } from "../../test/support/make.ts";
import {
  all,
  any,
  bound,
  byClient,
  byResource,
  confined,
  open,
  type Recorded,
  web,
} from "../../test/support/recorded-identities.ts";
import type { AssignmentState } from "../api/assignment.ts";
import { type Known, selectIdentity } from "./select.ts";

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
