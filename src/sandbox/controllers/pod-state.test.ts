import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { leastMissedFirst } from "./pod-state.ts";

type Facts = {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly made?: string;
};
const EARLY = "2026-01-01T00:00:00Z";
const LATE = "2026-01-01T01:00:00Z";

function pod(name: string, { node = "n", phase = "Running", ready, cost, restarts = 0, made = EARLY }: Facts): Pod {
  const conditions = ready === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: ready }];
  const main = { name: "main", image: "demo:1", imageID: "", ready: true, restartCount: restarts };
  const annotations = cost === undefined ? {} : { "controller.kubernetes.io/pod-deletion-cost": cost };
  return {
    metadata: { name, creationTimestamp: made, annotations },
    spec: { nodeName: node, containers: [] },
    status: { phase, conditions, containerStatuses: [main] },
  };
}

it.each<readonly [why: string, first: Facts, last: Facts]>([
  ["has no node", { node: "", ready: EARLY }, { phase: "Pending" }],
  ["does not run", { phase: "Pending", ready: EARLY }, {}],
  ["is not ready", { cost: "9" }, { ready: LATE, restarts: 3 }],
  ["costs less to delete", { ready: EARLY, cost: "-1" }, { ready: LATE, restarts: 3 }],
  ["became ready later", { ready: LATE }, { ready: EARLY, restarts: 3 }],
  ["was restarted more often", { ready: EARLY, restarts: 2 }, { ready: EARLY, restarts: 1, made: LATE }],
  ["is younger", { ready: EARLY, made: LATE }, { ready: EARLY }],
])("would miss least the pod that %s", (_why, first, last) => {
  const [a, b] = [pod("first", first), pod("last", last)];
  for (const pods of [
    [a, b],
    [b, a],
  ]) {
    expect(leastMissedFirst(pods).map(({ metadata }) => metadata?.name)).toEqual(["first", "last"]);
  }
});
