import type { Event } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { Fault } from "../../base/fault.ts";
import { EventRecorder, nodeReference, podReference } from "./recorder.ts";

const pod = {
  metadata: { name: "p", namespace: "ns", uid: "u", resourceVersion: "7" },
  spec: { containers: [{ name: "main" }], initContainers: [{ name: "first" }] },
};
const started = { type: "Normal", reason: "Started", message: "Started container main" } as const;

/** Keeps events by their names, and refuses as an API server does. */
class Events {
  readonly kept = new Map<string, Event>();
  isAway = false;

  async makeEvent(event: Event, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.isAway) throw new Fault("KUBE_UNREACHABLE", "away");
    const { name = "" } = event.metadata;
    if (this.kept.has(name)) throw new Fault("KUBE_CONFLICT", "there already");
    this.kept.set(name, event);
  }

  async countEvent(event: Event, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.isAway) throw new Fault("KUBE_UNREACHABLE", "away");
    const { name = "" } = event.metadata;
    if (!this.kept.has(name)) throw new Fault("KUBE_NOT_FOUND", "gone");
    this.kept.set(name, event);
  }

  get list(): readonly Event[] {
    return [...this.kept.values()];
  }
}

let clock: FakeClock;
let api: Events;
let recorder: EventRecorder;

beforeEach(() => {
  clock = new FakeClock();
  api = new Events();
  recorder = new EventRecorder({ api, clock, component: "kubelet", host: "node-0" });
});
afterEach(() => recorder[Symbol.asyncDispose]());

it("writes what a kubelet writes: who tells, of which container, when and how often", async () => {
  recorder.tell(podReference(pod, { name: "main" }), started);
  await expect
    .poll(() => api.list)
    .toEqual([
      {
        metadata: { name: expect.stringMatching(/^p\.[0-9a-f]{16}$/), namespace: "ns" },
        involvedObject: {
          ...{ apiVersion: "v1", kind: "Pod", name: "p", namespace: "ns", uid: "u", resourceVersion: "7" },
          fieldPath: "spec.containers{main}",
        },
        ...started,
        ...{ count: 1, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:00Z" },
        source: { component: "kubelet", host: "node-0" },
        ...{ reportingComponent: "kubelet", reportingInstance: "node-0" },
      },
    ]);
});

it("counts what happens again, and keeps apart what another container, pod or node does", async () => {
  recorder.tell(podReference(pod, { name: "main" }), started);
  clock.advance(5_000);
  recorder.tell(podReference(pod, { name: "main" }), started);
  recorder.tell(podReference(pod, { name: "first" }), started);
  recorder.tell(podReference({ metadata: { ...pod.metadata, uid: "v" } }), started);
  recorder.tell(nodeReference("node-0"), started);
  await expect
    .poll(() => api.list.map(({ count, involvedObject }) => [count, involvedObject.uid, involvedObject.fieldPath]))
    .toEqual([
      [2, "u", "spec.containers{main}"],
      [1, "u", "spec.initContainers{first}"],
      [1, "v", undefined],
      [1, "node-0", undefined],
    ]);
  expect(api.list[0]).toMatchObject({
    ...{ firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:05Z" },
  });
});

it("writes an event again that somebody deleted, and goes on counting", async () => {
  recorder.tell(podReference(pod), started);
  await expect.poll(() => api.list.length).toBe(1);
  api.kept.clear();
  recorder.tell(podReference(pod), started);
  await expect.poll(() => api.list).toMatchObject([{ count: 2 }]);
});

it("loses what cannot be written, and goes on", async () => {
  api.isAway = true;
  recorder.tell(podReference(pod), started);
  await Promise.resolve();
  recorder.tell(podReference(pod), { ...started, reason: "Other" });
  await new Promise(setImmediate);
  api.isAway = false;
  recorder.tell(podReference(pod), started);
  await expect.poll(() => api.list).toMatchObject([{ reason: "Started", count: 1 }]);
});

it("keeps no more than a thousand waiting", async () => {
  for (let i = 0; i < 1_500; i += 1) recorder.tell(podReference(pod), { ...started, message: `${i}` });
  await expect.poll(() => api.list.length).toBe(1_000);
});

it("writes nothing of what still waits when it is disposed of", async () => {
  recorder.tell(podReference(pod), started);
  await recorder[Symbol.asyncDispose]();
  expect(api.list).toEqual([]);
});
