import type { Job } from "kubernetes-types/batch/v1.d.ts";
import type { ContainerStatus, Pod } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { failureOf } from "./job-verdict.ts";

const job = (restartPolicy: string, backoffLimit: number): Job => ({
  spec: { backoffLimit, template: { spec: { restartPolicy, containers: [] } } },
});
const times = (restartCount: number): ContainerStatus[] => [
  { name: "main", image: "demo:1", imageID: "", ready: true, restartCount },
];
const restarted = (count: number, more: object = {}): Pod => ({ status: { containerStatuses: times(count), ...more } });
const reason = (of: Job, failed: number, ...pods: readonly Pod[]) => failureOf(of, failed, pods, 0)?.reason;

it("counts restarts in place of failed pods, where pods are restarted", () => {
  expect(reason(job("OnFailure", 3), 0, restarted(1), restarted(1))).toBeUndefined();
  expect(reason(job("OnFailure", 3), 0, restarted(2), restarted(1))).toBe("BackoffLimitExceeded");
  expect(reason(job("Never", 3), 0, restarted(5))).toBeUndefined();
});

it("counts those of init containers, and of no pod that is over", () => {
  expect(reason(job("OnFailure", 2), 0, restarted(1, { initContainerStatuses: times(1) }))).toBe(
    "BackoffLimitExceeded",
  );
  expect(reason(job("OnFailure", 2), 0, restarted(5, { phase: "Succeeded" }))).toBeUndefined();
});

it("allows no restart where none may be, and as many failed pods as may be", () => {
  expect(reason(job("OnFailure", 0), 0, restarted(0))).toBeUndefined();
  expect(reason(job("OnFailure", 0), 0, restarted(1))).toBe("BackoffLimitExceeded");
  expect(reason(job("Never", 2), 2)).toBeUndefined();
  expect(reason(job("Never", 2), 3)).toBe("BackoffLimitExceeded");
});
