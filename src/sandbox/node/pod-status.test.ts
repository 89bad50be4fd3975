import { describe, expect, it } from "vitest";
import type { ContainerLife, ContainerView } from "./container-life.ts";
import { type PodLife, podStatus } from "./pod-status.ts";

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const pod = { spec: { containers: [{ name: "demo", image: "demo:1" }] } };
const waiting: ContainerLife = { is: "waiting", reason: "ContainerCreating", at };
const running: ContainerLife = { is: "running", pid: 42, at };
const ended = (code: number): ContainerLife => ({ is: "ended", pid: 41, from: at - 1_000, at, code });
const view = (is: ContainerLife, over: Partial<ContainerView> = {}): ContainerView => ({
  ...{ life: is, restarts: 0, since: at, isStarted: is.is === "running", isReady: is.is === "running" },
  ...over,
});
const life = (over: Partial<PodLife> = {}): PodLife => ({
  ...{ startedAt: at, podAddress: "127.70.0.2", hostAddress: "127.70.0.1" },
  ...{ init: [], containers: [view(running)], over: false },
  ...over,
});
const two = { spec: { containers: [...pod.spec.containers, { name: "side", image: "demo:1" }] } };
const prepared = { spec: { ...pod.spec, initContainers: [{ name: "first", image: "demo:1" }] } };

describe("podStatus", () => {
  it.each([
    { when: "nothing ran yet", given: { containers: [view(waiting)] }, phase: "Pending", ready: false },
    { when: "it runs", given: {}, phase: "Running", ready: true },
    {
      when: "it waits to run again",
      given: { containers: [view(waiting, { last: ended(1) })] },
      phase: "Running",
      ready: false,
    },
    { when: "it has just ended", given: { containers: [view(ended(0))] }, phase: "Running", ready: false },
    { when: "it is done", given: { containers: [view(ended(0))], over: true }, phase: "Succeeded", ready: false },
    { when: "it failed for good", given: { containers: [view(ended(3))], over: true }, phase: "Failed", ready: false },
    {
      when: "it was ended before it ran",
      given: { containers: [view(waiting)], over: true },
      phase: "Failed",
      ready: false,
    },
  ])("is $phase when $when", ({ given, phase, ready }) => {
    const status = podStatus(pod, life(given));
    expect(status).toMatchObject({ phase, containerStatuses: [{ name: "demo", image: "demo:1", ready }] });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: ready ? "True" : "False" }),
    );
  });

  it.each([
    { when: "both run", given: [view(running), view(running)], phase: "Running", ready: "True" },
    { when: "one did not start yet", given: [view(running), view(waiting)], phase: "Pending", ready: "False" },
    {
      when: "one is not ready",
      given: [view(running), view(running, { isReady: false })],
      phase: "Running",
      ready: "False",
    },
  ])("of two containers is $phase when $when", ({ given, phase, ready }) => {
    const status = podStatus(two, life({ containers: given }));
    expect(status.phase).toBe(phase);
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: ready }));
    expect(status.containerStatuses?.map(({ name }) => name)).toEqual(["demo", "side"]);
  });

  it.each([
    {
      when: "still prepared",
      first: view(running),
      main: view(waiting),
      phase: "Pending",
      initialised: "False",
      ready: false,
    },
    {
      when: "prepared",
      first: view(ended(0)),
      main: view(running),
      phase: "Running",
      initialised: "True",
      ready: true,
    },
  ])("is $phase when it is $when", ({ first, main, phase, initialised, ready }) => {
    const status = podStatus(prepared, life({ init: [first], containers: [main] }));
    expect(status).toMatchObject({ phase, initContainerStatuses: [{ name: "first", ready }] });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Initialized", status: initialised }));
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
    const [container] =
      podStatus(pod, life({ containers: [view(running, { last: ended(137), restarts: 1 })] })).containerStatuses ?? [];
    expect(container).toMatchObject({
      restartCount: 1,
      containerID: "process://42",
      state: { running: { startedAt: "2026-01-02T03:04:05Z" } },
      lastState: { terminated: { exitCode: 137, reason: "Error", startedAt: "2026-01-02T03:04:04Z" } },
    });
  });
});

describe("podStatus of a pod with a container that stays beside the others", () => {
  const beside = { name: "beside", image: "demo:1", restartPolicy: "Always" };
  const sidecar = { spec: { ...pod.spec, initContainers: [beside] } };

  it.each([
    {
      when: "it did not start yet",
      ...{ init: view(running, { isStarted: false, isReady: false }), main: view(waiting) },
      phase: "Pending",
    },
    { when: "it ended once the other ran", init: view(ended(1)), phase: "Running" },
    { when: "it runs", init: view(running), phase: "Running", ready: "True" },
    { when: "it is not ready", init: view(running, { isReady: false }), phase: "Running" },
    { when: "it waits to run again", init: view(waiting, { last: ended(1) }), phase: "Running" },
    { when: "all have ended", init: view(ended(143)), main: view(ended(0)), over: true, phase: "Succeeded" },
  ])("is $phase when $when", ({ init, main = view(running), over = false, phase, ready = "False" }) => {
    const status = podStatus(sidecar, life({ init: [init], containers: [main], over }));
    expect(status.phase).toBe(phase);
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: ready }));
  });
});

describe("podStatus says why a condition holds or not", () => {
  const beside = { name: "beside", image: "demo:1", restartPolicy: "Always" };
  const initContainers = [{ name: "first", image: "demo:1" }, beside];
  const both = { spec: { ...two.spec, initContainers } };
  const done = { init: [view(ended(0)), view(ended(143))], containers: [view(ended(0)), view(ended(0))] };
  const lacks = (reason: string, message: string) => ({ status: "False", reason, message });

  it.each([
    {
      when: "nothing has run yet",
      given: { init: [view(waiting), view(waiting)], containers: [view(waiting), view(waiting)] },
      initialised: lacks("ContainersNotInitialized", "containers with incomplete status: [first beside]"),
      ready: lacks("ContainersNotReady", "containers with unready status: [beside demo side]"),
    },
    {
      when: "one is not ready",
      given: { init: [view(ended(0)), view(running)], containers: [view(running), view(running, { isReady: false })] },
      initialised: { status: "True" },
      ready: lacks("ContainersNotReady", "containers with unready status: [side]"),
    },
    {
      when: "what stays has ended, and the others have too",
      given: done,
      initialised: { status: "True" },
      ready: lacks("ContainersNotReady", "containers with unready status: [beside demo side]"),
    },
    {
      when: "all is done",
      given: { ...done, over: true },
      initialised: { status: "True", reason: "PodCompleted" },
      ready: { status: "False", reason: "PodCompleted" },
    },
    {
      when: "it failed",
      given: { ...done, containers: [view(ended(1)), view(ended(0))], over: true },
      initialised: { status: "True" },
      ready: { status: "False", reason: "PodFailed" },
    },
  ])("when $when", ({ given, initialised, ready }) => {
    const { conditions = [] } = podStatus(both, life(given));
    const said = conditions.map(({ lastTransitionTime, ...rest }) => rest);
    expect(said).toEqual([
      { type: "PodScheduled", status: "True" },
      { type: "Initialized", ...initialised },
      { type: "ContainersReady", ...ready },
      { type: "Ready", ...ready },
    ]);
  });
});

it("says why a pod was ended before it was done, once it is over", () => {
  const failure = { reason: "DeadlineExceeded", message: "too long" };
  expect(podStatus(pod, life({ failure }))).not.toHaveProperty("reason");
  const status = podStatus(pod, life({ failure, over: true, containers: [view(ended(0))] }));
  expect(status).toMatchObject({ phase: "Failed", ...failure });
});
