import { type Clock, realClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Announcer } from "./announcer.ts";
import { driftEvents } from "./drift-events.ts";
import { leaderEvents } from "./leader-events.ts";
import { machineEvents } from "./machine-events.ts";
import type { MicMetrics } from "./metrics.ts";
import { recordEvents } from "./record-events.ts";
import { Statistics } from "./statistics.ts";
import { bondTeller, type FindPod } from "./tell-bond.ts";

type Deps = {
  readonly log: Log;
  readonly metrics: MicMetrics;
  readonly announcer: Announcer;
  /** The live pod, so that its events are found with it; undefined when it is gone. */
  readonly findPod: FindPod;
  readonly clock?: Pick<Clock, "now" | "monotonic">;
};

/** Everything of MIC that is worth counting or telling, a function each: log line, metric and Kubernetes event. */
export type MicEvents = ReturnType<typeof micEvents>;

export function micEvents({ clock = realClock, ...deps }: Deps) {
  const tools = { ...deps, clock, announce: bondTeller(deps.announcer, deps.findPod), statistics: new Statistics() };
  const from = (source: string) => ({ ...tools, log: deps.log.named(source) });
  return {
    ...leaderEvents(from("sync")),
    ...machineEvents(from("machines")),
    ...recordEvents(from("records")),
    ...driftEvents(from("drift")),
  };
}
