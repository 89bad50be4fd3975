import type { Clock } from "../base/clock.ts";
import { realClock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Announcer, ObjectName } from "./announcer.ts";
import { driftEvents } from "./drift-events.ts";
import { leaderEvents } from "./leader-events.ts";
import { machineEvents } from "./machine-events.ts";
import type { MicMetrics } from "./metrics.ts";
import { recordEvents } from "./record-events.ts";
import { Statistics } from "./statistics.ts";
import { bondTeller } from "./tell-bond.ts";

export type RecordOperation = "addition" | "update" | "deletion" | "status";
/** One write of a record, or one call to Azure, has ended. */
export type Ended<Operation> = {
  readonly operation: Operation;
  readonly durationMs: number;
  readonly fault: Fault | undefined;
};

export type EventDeps = {
  readonly log: Log;
  readonly metrics: MicMetrics;
  readonly announcer: Announcer;
  /** The live pod, so that its events are found with it; undefined when it is gone. */
  readonly findPod: (ref: {
    readonly namespace: string;
    readonly name: string;
  }) => { readonly meta: ObjectName } | undefined;
  readonly clock?: Pick<Clock, "now">;
};

/** Everything of MIC that is worth counting or telling, a function each: log line, metric and Kubernetes event. */
export type MicEvents = ReturnType<typeof micEvents>;

export function micEvents({ clock = realClock, ...deps }: EventDeps) {
  const shared = { ...deps, clock, announce: bondTeller(deps), statistics: new Statistics() };
  return { ...leaderEvents(shared), ...machineEvents(shared), ...recordEvents(shared), ...driftEvents(shared) };
}

/** What all events are made with. */
export type EventTools = Required<EventDeps> & {
  readonly announce: ReturnType<typeof bondTeller>;
  readonly statistics: Statistics;
};
