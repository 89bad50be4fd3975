import { describe, expect, it } from "vitest";
import { type ContainerLife, type PodLife, podStatus } from "./pod-status.ts";

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const pod = { spec: { containers: [{ name: "demo", image: "demo:1" }] } };
const waiting: ContainerLife = { is: "waiting", reason: "ContainerCreating", at };
const running: ContainerLife = { is: "running", pid: 42, at };
const ended = (code: number): ContainerLife => ({ is: "ended", pid: 41, from: at - 1_000, at, code });
const life = (over: Partial<PodLife> = {}): PodLife => ({
  startedAt: at,
  podAddress: "127.70.0.2",
  hostAddress: "127.70.0.1",
  container: running,
  restarts: 0,
  over: false,
  ...over,
});

describe("podStatus", () => {
  it.each([
    { when: "nothing ran yet", given: { container: waiting }, phase: "Pending", ready: false },
    { when: "it runs", given: {}, phase: "Running", ready: true },
    { when: "it waits to run again", given: { container: waiting, last: ended(1) }, phase: "Running", ready: false },
    { when: "it has just ended", given: { container: ended(0) }, phase: "Running", ready: false },
    { when: "it is done", given: { container: ended(0), over: true }, phase: "Succeeded", ready: false },
    { when: "it failed for good", given: { container: ended(3), over: true }, phase: "Failed", ready: false },
    { when: "it was ended before it ran", given: { container: waiting, over: true }, phase: "Failed", ready: false },
  ])("is $phase when $when", ({ given, phase, ready }) => {
    const status = podStatus(pod, life(given));
    expect(status).toMatchObject({ phase, containerStatuses: [{ name: "demo", image: "demo:1", ready }] });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: ready ? "True" : "False" }),
    );
  });

  it("names the addresses in both spellings and the start in whole seconds", () => {
    expect(podStatus(pod, life())).toMatchObject({
      hostIP: "127.70.0.1",
      hostIPs: [{ ip: "127.70.0.1" }],
      podIP: "127.70.0.2",
      podIPs: [{ ip: "127.70.0.2" }],
      startTime: "2026-01-02T03:04:05Z",
    });
  });

  it("tells the exit code of the run before and the process of this one", () => {
    const [container] = podStatus(pod, life({ last: ended(137), restarts: 1 })).containerStatuses ?? [];
    expect(container).toMatchObject({
      restartCount: 1,
      containerID: "process://42",
      state: { running: { startedAt: "2026-01-02T03:04:05Z" } },
      lastState: { terminated: { exitCode: 137, reason: "Error", startedAt: "2026-01-02T03:04:04Z" } },
    });
  });
});
