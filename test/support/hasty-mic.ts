import { readAssignment, writeAssignment } from "../../src/api/assignment.ts";
import { objectKey } from "../../src/api/meta.ts";
import type { Pod } from "../../src/api/pod.ts";
import type { Snapshot } from "../../src/assignment/types.ts";
import { ArmMachines, type MachinesOptions } from "../../src/azure/machines.ts";
import { createLog } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { micEvents } from "../../src/mic/events.ts";
import { executePlan } from "../../src/mic/execute.ts";
import { SyncLoop } from "../../src/mic/loop.ts";
import { micMetrics } from "../../src/mic/metrics.ts";
import type { Records } from "../../src/mic/ports.ts";
import { SmallCluster, snapshot } from "./kube/small-cluster.ts";
import type { PassingTime } from "./time/passing-time.ts";

const HOUR_MS = 3_600_000;

/** Records without an API server in between. */
function recordsIn(cluster: SmallCluster): Records {
  return {
    write: async (draft, over) => cluster.put(readAssignment(writeAssignment(draft, over?.meta))),
    confirm: async (record, { isAssigned }) => {
      cluster.put({ ...record, state: isAssigned ? "Assigned" : record.state });
    },
    remove: async ({ meta }) => void cluster.records.delete(objectKey(meta)),
  };
}

type Given = {
  readonly time: PassingTime;
  readonly compute: MachinesOptions["compute"];
  /** What stands in the cluster from the first moment to the last. */
  readonly objects: Pick<Snapshot, "nodes" | "identities" | "bindings">;
  readonly onBreaker?: MachinesOptions["onBreaker"];
};

/** MIC's loop and its side of Azure, over machines and records in memory, while hours pass in no time. */
export function hastyMic({ time, compute, objects, onBreaker = () => {} }: Given) {
  const clock = time.clock(1);
  const cluster = new SmallCluster();
  const pods = new Map<string, Pod>();
  const log = createLog({ write: () => {} });
  const announcer = { record: () => {} };
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined, clock });
  const machines = new ArmMachines({ compute, clock, random: () => 1, onBreaker });
  const repairs = { mended: () => {}, refused: () => {} };
  const rest = { machines, events, repairs, neededOn: () => new Set<string>(), writesAtOnce: 20 };
  const ports = { records: recordsIn(cluster), ...rest };
  const loop = new SyncLoop({
    snapshot: () => snapshot({ ...objects, pods: [...pods.values()], assignments: cluster.assignments }),
    execute: (plan, signal) => executePlan(plan, ports, signal),
    machines,
    events,
    clock,
    random: () => 1,
    resyncMs: HOUR_MS,
    firstPauseMs: 1_000,
  });
  let wasStuck = false;
  return {
    machines,
    /** Whether the loop was ever found stuck. */
    wasStuck: () => wasStuck,
    add: (pod: Pod) => {
      pods.set(pod.meta.name, pod);
      loop.changed();
    },
    remove: (name: string) => {
      pods.delete(name);
      loop.changed();
    },
    isAssigned: (pod: string) => cluster.assignments.some((one) => one.pod === pod && one.state === "Assigned"),
    /** The loop at work, until it is disposed of. */
    async lead(): Promise<AsyncDisposable> {
      const stop = new AbortController();
      const running = loop.run(stop.signal);
      await new Promise((resolve) => setImmediate(resolve)); // it plans what it waits for
      const end = async () => {
        stop.abort(new Error("enough"));
        await running;
      };
      return { [Symbol.asyncDispose]: end };
    },
    /** Lets time pass until something holds, or three hours have gone; gives how long that took, in ms. */
    async until(isOver: () => boolean): Promise<number> {
      const began = time.ms;
      while (!isOver() && time.ms < began + 3 * HOUR_MS) {
        await time.step();
        wasStuck ||= loop.isStuck;
      }
      return time.ms - began;
    },
  };
}
