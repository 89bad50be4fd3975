import { describe, expect, it } from "vitest";
import { SmallCluster } from "../../test/support/kube/small-cluster.ts";
import { assignment, binding, identity, identityId, pod } from "../../test/support/make.ts";
import { loopInHand } from "../../test/support/time/loop-in-hand.ts";
import type { Assignment, AssignmentState } from "../api/assignment.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Snapshot } from "../assignment/types.ts";
import type { Outcome } from "./execute.ts";

const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";
const idOf = (name: string) => resourceKey(identityId(name));
const bound = (name: string) => binding(name, { spec: { selector: "demo" } });
/** Azure refuses `demo` for a minute; all else is done. */
const refusal: Outcome = { fault: undefined, refused: { ids: new Set([idOf("demo")]), retryInMs: 60_000 } };

const recordOf = (name: string, state: AssignmentState) => {
  const record = assignment({ pod: pod("a"), identity: identity(name), binding: bound(name) }, state);
  return new SmallCluster().put({ ...record, machine: VM });
};
const created = (name: string) => recordOf(name, "Created");
const assigned = (name: string) => recordOf(name, "Assigned");
const unguarded = (record: Assignment) => ({ ...record, meta: { ...record.meta, finalizers: [] } });
describe("a machine with refused identities", () => {
  it("leaves a machine with refused identities alone until one is worth a new attempt, and calls that no failure", async () => {
    const t = loopInHand({ assignments: [created("demo")] });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    t.clock.advance(59_000);
    t.becomes({});
    await t.look(1);
    expect([t.works.length, t.failures]).toEqual([1, []]);
    t.clock.advance(1_000);
    await t.look();
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it("asks for them again at once when Azure was to be asked in another way while it refused them", async () => {
    const t = loopInHand({ assignments: [created("demo")] });
    await t.look();
    t.loop.tryAgain();
    t.works[0]?.end(refusal);
    await t.look();
    expect(t.works).toHaveLength(2);
    t.works[1]?.end(refusal);
    await t.look(1);
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it("does not let another pod of the machine wait for refused identities", async () => {
    const t = loopInHand({ assignments: [created("demo")] });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it.each<{ what: string; when: Partial<Snapshot> }>([
    { what: "an identity is taken off", when: { drift: [{ kind: "missing", machine: VM, resourceId: idOf("good") }] } },
    { what: "a record loses its finalizer", when: { assignments: [created("demo"), unguarded(assigned("good"))] } },
    {
      what: "the record of a refused identity does",
      when: { assignments: [unguarded(created("demo")), assigned("good")] },
    },
  ])("mends at once, however often $what, beside refused identities", async ({ when }) => {
    const calm = { assignments: [created("demo"), assigned("good")], drift: [] };
    const named = ["demo", "good"];
    const t = loopInHand({ identities: named.map((name) => identity(name)), bindings: named.map(bound), ...calm });
    await t.look();
    t.works[0]?.end(refusal);
    await t.look(1);
    for (const count of [2, 3]) {
      t.becomes(when);
      await t.look(1);
      expect(t.works).toHaveLength(count);
      t.becomes(calm);
      t.works.at(-1)?.end(refusal);
      await t.look(1);
      expect(t.works).toHaveLength(count);
    }
    await t.end();
  });
});
