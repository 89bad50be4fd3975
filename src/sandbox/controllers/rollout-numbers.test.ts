import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1.d.ts";
import { expect, it } from "vitest";
import { olderWant } from "./rollout-numbers.ts";

const deployment = (replicas: number, rollingUpdate: object): Deployment => ({
  spec: { replicas, selector: {}, template: {}, strategy: { type: "RollingUpdate", rollingUpdate } },
});
const set = (name: string, replicas: number, availableReplicas: number): ReplicaSet => ({
  metadata: { name },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas },
});

function wanted(all: Deployment, newest: ReplicaSet, ...older: readonly ReplicaSet[]) {
  const sets = [...olderWant(all, newest, older)];
  return Object.fromEntries(sets.map(([{ metadata }, count]) => [metadata?.name, count]));
}

it("takes no more pods away that serve nobody than may be missing, over all older sets", () => {
  const four = deployment(4, { maxSurge: 2, maxUnavailable: 1 });
  expect(wanted(four, set("new", 1, 1), set("a", 2, 0), set("b", 2, 0))).toEqual({ a: 0 });
  expect(wanted(four, set("new", 1, 1), set("a", 1, 0), set("b", 3, 0))).toEqual({ a: 0, b: 2 });
});

it("takes those that serve nobody before those that do", () => {
  const four = deployment(4, { maxSurge: 2, maxUnavailable: 1 });
  expect(wanted(four, set("new", 2, 2), set("a", 2, 2), set("b", 2, 0))).toEqual({ a: 1, b: 0 });
});

it("takes none while the new ones do not serve and none may be missing", () => {
  const two = deployment(2, { maxSurge: 1, maxUnavailable: 0 });
  expect(wanted(two, set("new", 1, 0), set("a", 2, 2))).toEqual({});
});
