import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { clusterAfter, history, look, needed } from "../../test/support/pasts.ts";
import { type Moment, moment } from "../../test/support/time/moments.ts";
import { desiredAssignments } from "./desired.ts";
import { planAssignments } from "./plan.ts";
import { isDying, isGuarded } from "./records.ts";

describe("planAssignments", () => {
  it("is asked of moments a third of which, at least, put something on machines, and a sixth one thing for several pods", () => {
    const drawn = fc.sample(moment, { numRuns: 300, seed: 1 }).map((at) => {
      const placed = desiredAssignments(snapshot(at)).wanted.flatMap(({ placement }) => placement ?? []);
      return { placed: placed.length, distinct: needed(snapshot(at)).length };
    });
    expect(drawn.filter(({ placed }) => placed > 0).length).toBeGreaterThan(100);
    expect(drawn.filter(({ placed, distinct }) => distinct < placed).length).toBeGreaterThan(50);
  });

  it("gives the same plan in whatever order things are listed", () => {
    fc.assert(
      fc.property(history, moment, fc.infiniteStream(fc.nat()), (past, at, dice) => {
        const cluster = clusterAfter(past);
        const plain = look(cluster, at);
        const shuffle = <T>(list: readonly T[]) =>
          [...list]
            .map((one) => ({ one, at: dice.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
        const shuffled = {
          ...plain,
          pods: shuffle(plain.pods),
          nodes: shuffle(plain.nodes),
          identities: shuffle(plain.identities),
          bindings: shuffle(plain.bindings),
          assignments: shuffle(plain.assignments),
          drift: shuffle(plain.drift),
        };
        expect(planAssignments(shuffled).machines).toEqual(planAssignments(plain).machines);
      }),
    );
  });

  it("comes to rest, and then machines carry what is needed and nothing else, whenever a leader was killed", () => {
    fc.assert(
      fc.property(history, moment, (past, at) => {
        const cluster = clusterAfter(past);
        cluster.stepsLeft = Number.POSITIVE_INFINITY;
        settle(cluster, at);

        expect(carried(cluster)).toEqual(needed(look(cluster, at)));
        expect(cluster.assignments.map(({ state }) => state)).toEqual(cluster.assignments.map(() => "Assigned"));
        expect(cluster.assignments.filter((one) => isDying(one) || !isGuarded(one))).toEqual([]);
        expect(cluster.assignments).toHaveLength(desiredAssignments(look(cluster, at)).wanted.length);
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it("never takes off what a pod needs", () => {
    fc.assert(
      fc.property(history, moment, (past, at) => {
        const cluster = clusterAfter(past);
        const inUse = new Set(needed(look(cluster, at)));
        for (const { machine, detach } of planAssignments(look(cluster, at)).machines) {
          for (const id of detach) expect(inUse).not.toContain(`${machine} ${id}`);
        }
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});

/** Carries plans out until there is nothing to do; how many it took. */
function settle(cluster: SmallCluster, at: Moment): number {
  for (let rounds = 0; rounds < 10; rounds += 1) {
    const plan = planAssignments(look(cluster, at));
    if (plan.machines.length === 0) return rounds;
    cluster.carryOut(plan);
  }
  throw new Error("the plans never end");
}

function carried(cluster: SmallCluster): string[] {
  return [...cluster.machines].flatMap(([machine, ids]) => [...ids].map((id) => `${machine} ${id}`)).sort();
}
