import { describe, expect, it } from "vitest";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import type { AssignmentDraft } from "../api/assignment.ts";
import type { MachinePlan } from "../assignment/types.ts";
import { asksForMore, needsAzure, partsLeft, partsOf, withoutAzure } from "./wish.ts";

const of = { pod: pod("a"), identity: identity("demo"), binding: binding("demo") };
const record = assignment(of);
const draft: AssignmentDraft = { ...record, name: record.meta.name, namespace: "default", state: "Created" };
const nothing: MachinePlan = { machine: "vm", work: [], attach: [], detach: [], repair: [], forget: [] };
const fresh = { draft, record: undefined, awaits: "x", clears: [] };
const kept = { draft: undefined, record, awaits: "x", clears: [] };

describe("asksForMore", () => {
  const before: MachinePlan = { ...nothing, work: [fresh], attach: ["x"], detach: ["y"] };
  it.each<{ when: string; now: Partial<MachinePlan>; then: boolean }>([
    { when: "nothing changed", now: {}, then: false },
    { when: "the record was written", now: { work: [kept] }, then: false },
    { when: "less is wished", now: { work: [], attach: [] }, then: false },
    {
      when: "the record shall say something else",
      now: { work: [{ ...fresh, draft: { ...draft, pod: "b" } }] },
      then: true,
    },
    { when: "another identity is to come", now: { attach: ["x", "z"] }, then: true },
    { when: "one that was to come is to go", now: { detach: ["x", "y"] }, then: true },
    {
      when: "an identity is found missing",
      now: { repair: [{ kind: "missing", machine: "vm", resourceId: "x" }] },
      then: true,
    },
    { when: "a record is to go", now: { forget: [{ record, after: [] }] }, then: true },
  ])("is $then when $when", ({ now, then }) => {
    expect(asksForMore({ ...before, ...now }, partsOf(before))).toBe(then);
  });
});

describe("partsLeft", () => {
  const good = { record: assignment({ ...of, pod: pod("b") }), after: ["y"] };
  const plan: MachinePlan = {
    ...nothing,
    work: [{ draft: { ...draft, name: "c" }, record: undefined, awaits: "y", clears: [] }, fresh],
    attach: ["x", "y"],
    detach: ["z", "w"],
    repair: [
      { kind: "missing", machine: "vm", resourceId: "x" },
      { kind: "stale", machine: "vm", resourceId: "y" },
    ],
    forget: [good, { record, after: ["w", "z"] }],
  };

  it("is what waits for the identities that Azure refuses, less the records that were written meanwhile", () => {
    expect(partsLeft(plan, new Set(["x", "z"]))).toEqual(
      partsOf({
        ...nothing,
        work: [kept],
        attach: ["x"],
        detach: ["z"],
        repair: [{ kind: "missing", machine: "vm", resourceId: "x" }],
        forget: [{ record, after: ["w", "z"] }],
      }),
    );
  });

  it("keeps the records from which a leftover is not struck out", () => {
    expect(partsLeft({ ...nothing, work: [{ ...kept, clears: ["w"] }] }, new Set(["w"]))).toEqual(
      partsOf({ ...nothing, work: [kept] }),
    );
  });
});

describe("withoutAzure", () => {
  it("writes records without saying that their identities are there, and lets those go that leave nothing", () => {
    const clean = { record: assignment({ ...of, pod: pod("b") }), after: [] };
    const plan: MachinePlan = {
      ...nothing,
      work: [{ ...fresh, clears: ["y"] }, kept],
      attach: ["x"],
      detach: ["y"],
      repair: [{ kind: "stale", machine: "vm", resourceId: "z" }],
      forget: [{ record, after: ["y"] }, clean],
    };
    const part = withoutAzure(plan);
    expect(part).toEqual({ ...nothing, work: [{ ...fresh, awaits: undefined }], forget: [clean] });
    expect([needsAzure(plan), part !== undefined && needsAzure(part)]).toEqual([true, false]);
  });

  it("is nothing when only the machine is to be changed", () => {
    expect(withoutAzure({ ...nothing, work: [kept], attach: ["x"] })).toBeUndefined();
  });
});
