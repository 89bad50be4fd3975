import { describe, expect, it, onTestFinished } from "vitest";
import { SmallCluster, snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, node, pod } from "../../test/support/make.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import type { Pod } from "../api/pod.ts";
import { SyncLoop } from "./loop.ts";
import { needsAzure } from "./wish.ts";

const CHANGE_MS = 2_000;
const HOUR = 3_600_000;
const machines = Array.from({ length: 12 }, (_, n) => `node-${n}`);
const identities = Array.from({ length: 10 }, (_, n) => `identity-${n}`);
const nothing = () => {};

/** 300 pods, on every machine and with every identity as many. */
const wave = Array.from({ length: 300 }, (_, n) => {
  const selector = identities[Math.floor(n / machines.length) % identities.length] ?? "";
  return pod(`pod-${n}`, { selector, spec: { nodeName: machines[n % machines.length] } });
});

/** A loop over a cluster in which pods come and go, and Azure takes its time for each change of a machine. */
function start() {
  const time = new PassingTime();
  const clock = time.clock(1);
  const stop = new AbortController();
  const cluster = new SmallCluster();
  const pods = new Set<Pod>();
  /** When each change of a machine began. */
  const changes: number[] = [];
  const seen = () =>
    snapshot({
      pods: [...pods],
      nodes: machines.map((name) => node(name)),
      identities: identities.map((name) => identity(name)),
      bindings: identities.map((name) => binding(name)),
      assignments: cluster.assignments,
    });
  const loop = new SyncLoop({
    snapshot: seen,
    execute: async (plan, signal) => {
      if (needsAzure(plan)) changes.push(time.ms);
      await clock.sleep(CHANGE_MS, signal);
      cluster.carryOut({ machines: [plan], notes: [], wantedCount: 0 });
      return { fault: undefined };
    },
    machines: { delayMs: () => 0 },
    events: {
      planned: nothing,
      machineFailed: nothing,
      machineWaiting: nothing,
      machineHeld: nothing,
      awaitRoom: nothing,
      lookFailed: nothing,
      settled: nothing,
    },
    clock,
    resyncMs: HOUR,
    firstPauseMs: 1_000,
  });
  const running = loop.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });
  const at = (ms: number, happens: () => void) =>
    time.after(ms, () => {
      happens();
      loop.changed();
    });
  const pass = async (ms: number) => {
    let isOver = false;
    time.after(ms, () => {
      isOver = true;
    });
    while (!isOver) await time.step();
  };
  return { at, pass, pods, cluster, changes };
}

describe("a burst of pods", () => {
  it.each([3, 5, 10])(
    "is one change of each machine when they come, and when they go, %i ms apart",
    async (apartMs) => {
      const { at, pass, pods, cluster, changes } = start();
      for (const [n, one] of wave.entries()) at(n * apartMs, () => pods.add(one));
      await pass(20_000);
      expect(cluster.assignments.filter(({ state }) => state === "Assigned")).toHaveLength(wave.length);
      expect(changes).toHaveLength(machines.length);
      for (const [n, one] of wave.entries()) at(n * apartMs, () => pods.delete(one));
      await pass(20_000);
      expect(cluster.assignments).toEqual([]);
      expect(changes).toHaveLength(2 * machines.length);
    },
  );

  it("does not make a pod wait that comes alone", async () => {
    const { at, pass, pods, changes } = start();
    at(10_000, () => pods.add(pod("alone", { selector: "identity-0" })));
    await pass(20_000);
    expect(changes).toEqual([10_050]);
  });

  it("does not make a pod wait for longer than three seconds, though others come and go without an end", async () => {
    const { at, pass, pods, changes } = start();
    for (let ms = 0; ms < 30_000; ms += 10) at(ms, nothing);
    at(10_000, () => pods.add(pod("one", { selector: "identity-0" })));
    await pass(30_000);
    expect(changes).toEqual([expect.any(Number)]);
    expect(changes[0]).toBeLessThanOrEqual(13_000);
  });
});
