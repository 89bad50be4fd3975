import { expect, it } from "vitest";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import type { Assignment } from "../api/assignment.ts";
import { hasSuccessor } from "./successor.ts";

const record = assignment({ pod: pod("a"), identity: identity("demo"), binding: binding("demo") });
const next = { ...record, meta: { ...record.meta, uid: "next", name: "a-default-demo-2" } };
const deleted = (one: Assignment) => ({ ...one, meta: { ...one.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } });

it.each([
  { what: "another of its pod and identity", one: deleted(record), other: next, then: true },
  { what: "another, when nobody deleted it", one: record, other: next, then: false },
  { what: "itself", one: deleted(record), other: record, then: false },
  { what: "one that goes as well", one: deleted(record), other: deleted(next), then: false },
  {
    what: "one that is not Assigned yet",
    one: deleted(record),
    other: { ...next, state: "Created" as const },
    then: false,
  },
  { what: "one of another pod", one: deleted(record), other: { ...next, pod: "b" }, then: false },
  { what: "one on another node", one: deleted(record), other: { ...next, nodeName: "node-1" }, then: false },
])("the successor of a record is $what: $then", ({ one, other, then }) => {
  expect(hasSuccessor(one, () => [one, other])).toBe(then);
});
