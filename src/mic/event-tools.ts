import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Announcer } from "./announcer.ts";
import type { MicMetrics } from "./metrics.ts";
import type { Statistics } from "./statistics.ts";
import type { BondTeller } from "./tell-bond.ts";

/** What events are told with. */
export type EventTools = {
  readonly log: Log;
  readonly metrics: MicMetrics;
  readonly announcer: Announcer;
  /** Tells the users of an assignment. */
  readonly announce: BondTeller;
  readonly statistics: Statistics;
  readonly clock: Pick<Clock, "now" | "monotonic">;
};
