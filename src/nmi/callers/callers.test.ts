import { describe, expect, it } from "vitest";
import { LiveObjects } from "../../../test/support/kube/live-objects.ts";
import { pod } from "../../../test/support/make.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import type { Pod } from "../../api/pod.ts";
import { Callers, podIndexes } from "./callers.ts";

const never = new AbortController().signal;
const address = "10.244.0.2";
const from = () => ({ remoteAddress: address });
const leaving = (made: Pod): Pod => ({ ...made, meta: { ...made.meta, deletionTimestamp: "2026-01-01T00:00:00Z" } });
const startsLate = pod("late", { status: { podIP: "", phase: "Pending" } });

function setUp(...existing: readonly Pod[]) {
  const clock = new FakeClock();
  const pods = new LiveObjects(podIndexes, ...existing);
  let misses = 0;
  const callers = new Callers({
    pods,
    ownAddresses: () => new Set(["10.0.0.1"]),
    clock,
    onMiss: () => {
      misses += 1;
    },
  });
  return { clock, pods, callers, misses: () => misses };
}

describe("Callers", () => {
  it.each([
    { when: "the only pod", pods: [pod("a")], then: "a" },
    { when: "a pending pod that has its address", pods: [pod("a", { status: { phase: "Pending" } })], then: "a" },
    {
      when: "a pod by its second address",
      pods: [pod("a", { status: { podIP: "fd00::2", podIPs: [{ ip: "fd00::2" }, { ip: address }] } })],
      then: "a",
    },
    {
      when: "beside a finished pod that had the address",
      pods: [pod("old", { status: { phase: "Succeeded" } }), pod("a")],
      then: "a",
    },
    {
      when: "beside a pod on the host's network",
      pods: [pod("host", { spec: { hostNetwork: true } }), pod("a")],
      then: "a",
    },
    { when: "beside a terminating pod that had the address", pods: [leaving(pod("old")), pod("a")], then: "a" },
    { when: "a live pod while another waits for an address", pods: [pod("a"), startsLate], then: "a" },
    { when: "a terminating pod that nobody follows", pods: [leaving(pod("a"))], then: "a" },
  ])("finds $when", async ({ pods, then }) => {
    const found = await setUp(...pods).callers.of(from(), never);
    expect(found.meta.name).toBe(then);
  });

  it.each([
    { when: "nobody has the address", pods: [pod("a", { status: { podIP: "10.244.0.9" } })] },
    { when: "only a finished pod has it", pods: [pod("a", { status: { phase: "Failed" } })] },
    { when: "only a pod on the host's network has it", pods: [pod("a", { spec: { hostNetwork: true } })] },
    { when: "two pods have it", pods: [pod("a"), pod("b")] },
    { when: "a terminating pod has it and another waits for one", pods: [leaving(pod("a")), startsLate] },
  ])("refuses after 1.2 s when $when", async ({ pods }) => {
    const { callers, clock, misses } = setUp(...pods);
    const result = callers.of(from(), never);
    result.catch(() => {});
    await clock.asleep();
    clock.advance(1199);
    expect(clock.sleepers).toBe(1);
    clock.advance(1);
    await expect(result).rejects.toMatchObject({ code: "CALLER_UNKNOWN" });
    expect(misses()).toBe(1);
  });

  it("never takes the node's own address for a pod's", async () => {
    const { callers, clock } = setUp(pod("a", { status: { podIP: "10.0.0.1" } }));
    const result = callers.of({ remoteAddress: "10.0.0.1" }, never);
    result.catch(() => {});
    await clock.asleep();
    clock.advance(1200);
    await expect(result).rejects.toMatchObject({ code: "CALLER_UNKNOWN" });
  });

  it("answers the moment the watch shows the pod, and stops listening", async () => {
    const { callers, clock, pods } = setUp();
    const result = callers.of(from(), never);
    await clock.asleep();
    pods.put(pod("a"));
    expect((await result).meta.name).toBe("a");
    expect([pods.listeners, clock.sleepers]).toEqual([0, 0]);
  });

  it("leaves with the client", async () => {
    const { callers, clock, pods } = setUp();
    const stop = new AbortController();
    const result = callers.of(from(), stop.signal);
    await clock.asleep();
    stop.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    expect([pods.listeners, clock.sleepers]).toEqual([0, 0]);
  });

  it("does not let a connection pass from one pod to another", async () => {
    const { callers, pods } = setUp(pod("a"));
    const connection = from();
    await callers.of(connection, never);
    await callers.of(connection, never);
    pods.remove(pod("a"));
    pods.put(pod("a", { uid: "another" }));
    await expect(callers.of(connection, never)).rejects.toMatchObject({ code: "CALLER_CHANGED" });
    expect((await callers.of(from(), never)).meta.uid).toBe("another");
  });
});

describe("Callers, where the watch may be behind", () => {
  const doubting = (isHolder: () => Promise<boolean>) =>
    new Callers({
      pods: new LiveObjects(podIndexes, pod("a")),
      ownAddresses: () => new Set(),
      clock: new FakeClock(),
      isHolder,
    });

  it("asks once a connection who holds the address", async () => {
    let asked = 0;
    const callers = doubting(async () => {
      asked += 1;
      return true;
    });
    const connection = from();
    await callers.of(connection, never);
    await callers.of(connection, never);
    expect(asked).toBe(1);
    await callers.of(from(), never);
    expect(asked).toBe(2);
  });

  it("refuses while somebody else holds it, and asks again for the next request", async () => {
    let isHeld = false;
    const callers = doubting(async () => isHeld);
    const connection = from();
    await expect(callers.of(connection, never)).rejects.toMatchObject({ code: "CALLER_UNKNOWN" });
    isHeld = true;
    expect((await callers.of(connection, never)).meta.name).toBe("a");
  });

  it("serves a terminating pod while another waits for an address, as long as it is found to hold its own", async () => {
    let isHeld = true;
    const clock = new FakeClock();
    const callers = new Callers({
      pods: new LiveObjects(podIndexes, leaving(pod("a")), startsLate),
      ownAddresses: () => new Set(),
      clock,
      isHolder: async () => isHeld,
    });
    const connection = from();
    expect((await callers.of(connection, never)).meta.name).toBe("a");
    isHeld = false;
    const refused = callers.of(connection, never);
    refused.catch(() => {});
    await clock.asleep();
    clock.advance(1200);
    await expect(refused).rejects.toThrow("it may be changing hands from a pod that is terminating");
  });

  it("leaves with the client while it finds out whether a terminating pod holds its address", async () => {
    const stop = new AbortController();
    const callers = new Callers({
      pods: new LiveObjects(podIndexes, leaving(pod("a")), startsLate),
      ownAddresses: () => new Set(),
      clock: new FakeClock(),
      isHolder: () => new Promise(() => {}),
    });
    const asked = callers.of(from(), stop.signal);
    stop.abort(new Error("left"));
    await expect(asked).rejects.toThrow("left");
  });

  it("sees the pod before it is sure, and leaves with the client", async () => {
    const stop = new AbortController();
    const callers = doubting(() => new Promise(() => {}));
    const connection = from();
    expect((await callers.seen(connection, never)).meta.name).toBe("a");
    const sure = callers.sure(connection, stop.signal);
    stop.abort(new Error("left"));
    await expect(sure).rejects.toThrow("left");
  });
});
