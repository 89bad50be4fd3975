import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { HASH_LABEL } from "./daemon-pod.ts";
import { replaced } from "./daemon-update.ts";

const ready = [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }];
const old = (name: string): Pod => ({
  metadata: { name, labels: { [HASH_LABEL]: "old" } },
  status: { phase: "Running", conditions: ready },
});
const nodes = ["a", "b", "c"].map((name) => ({ name, isWanted: true, mayStay: true, pods: [old(name)] }));
const set = (rollingUpdate: object): DaemonSet => ({
  spec: { selector: {}, template: {}, updateStrategy: { type: "RollingUpdate", rollingUpdate } },
});
const next = (rollingUpdate: object) => replaced(set(rollingUpdate), nodes, "new", Date.now());

it.each([
  ["50%", 2],
  ["34%", 2],
  ["33%", 1],
  [1, 1],
  ["0%", 1],
])("takes away pods of %s of three nodes", (maxUnavailable, count) => {
  const { extra, missing } = next({ maxUnavailable, maxSurge: 0 });
  expect([extra.length, missing.length]).toEqual([count, 0]);
});

it.each([
  ["50%", 2],
  ["33%", 1],
  [3, 3],
])("makes pods beside those of %s of three nodes", (maxSurge, count) => {
  const { extra, missing } = next({ maxUnavailable: 0, maxSurge });
  expect([extra.length, missing.length]).toEqual([0, count]);
});
