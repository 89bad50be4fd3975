import type { MachinePlan, RecordWork, Snapshot } from "../../../src/assignment/types.ts";
import type { Outcome } from "../../../src/mic/execute.ts";
import { SyncLoop } from "../../../src/mic/loop.ts";
import { snapshot } from "../kube/small-cluster.ts";
import { binding, identity, node, pod } from "../make.ts";
import { FakeClock } from "./fake-clock.ts";

export const BURST_MS = 50;
export const HOUR = 3_600_000;

export type Work = {
  readonly plan: MachinePlan;
  readonly asksAzure: () => void;
  readonly end: (outcome: Outcome) => void;
};

/** A loop over a cluster in which pod `a` on `node-0` waits for its identity for ever, and work that ends when told. */
export function loopInHand(over: Partial<Snapshot> = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const works: Work[] = [];
  const failures: { readonly code: string; readonly pauseMs: number }[] = [];
  const waits: number[] = [];
  const awaited: { readonly pods: readonly string[]; readonly ms: number }[] = [];
  const failedLooks: string[] = [];
  let delayMs = () => 0;
  let isBroken = false;
  let looks = 0;
  let settled = 0;
  let world = snapshot({
    pods: [pod("a")],
    nodes: [node("node-0"), node("node-1")],
    identities: [identity("demo")],
    bindings: [binding("demo")],
    ...over,
  });
  const loop = new SyncLoop({
    snapshot: () => {
      if (isBroken) throw new Error("a defect");
      return world;
    },
    execute: (plan, signal, asksAzure) =>
      new Promise((resolve, reject) => {
        works.push({ plan, asksAzure, end: resolve });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    events: {
      planned: () => {
        looks += 1;
      },
      machineFailed: (_, { code }, pauseMs) => failures.push({ code, pauseMs }),
      machineWaiting: (_, delayMs) => waits.push(delayMs),
      machineHeld: () => {},
      awaitRoom: ({ work }, ms) => awaited.push({ pods: podsOf(work), ms }),
      lookFailed: (fault) => failedLooks.push(fault.message),
      settled: () => {
        settled += 1;
      },
    },
    machines: { delayMs: () => delayMs() },
    clock,
    resyncMs: HOUR,
    firstPauseMs: 1_000,
    random: () => 1,
  });
  const running = loop.run(stop.signal);
  /** Lets the burst that is under way end; the resync and resting machines sleep too. */
  const look = async (resting = 0) => {
    for (const before = looks; looks === before; await new Promise(setImmediate)) {
      await clock.asleep(2 + resting);
      clock.advance(BURST_MS);
    }
  };
  const end = async () => {
    stop.abort(new Error("enough"));
    await running;
  };
  const becomes = (over: Partial<Snapshot>) => {
    world = { ...world, ...over };
    loop.changed();
  };
  const delay = (ms: () => number) => {
    delayMs = ms;
  };
  const breaks = (isNow: boolean) => {
    isBroken = isNow;
    loop.changed();
  };
  const told = () => ({ looks, settled, waits, awaited, failedLooks });
  return { clock, loop, works, failures, look, end, becomes, delay, breaks, told };
}
export function podsOf(work: readonly RecordWork[]): readonly string[] {
  return work.map(({ draft, record }) => (draft ?? record)?.pod ?? "");
}
