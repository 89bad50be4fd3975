import type { AssignmentState } from "../api/assignment.ts";
import type { Plan, Snapshot } from "../assignment/types.ts";
import type { Fault } from "../base/fault.ts";
import type { EventTools } from "./event-tools.ts";
import { NoteTeller } from "./note-events.ts";

type Look = {
  readonly seen: Snapshot;
  /** Machines on which work follows. */
  readonly begun: number;
  /** Machines that are planned and on which no work is under way. */
  readonly waiting: number;
  readonly tookMs: number;
};

/** The states that the gauge counts by; whatever else a record says counts as `Unknown`. */
const STATES = ["Created", "Assigned", "Unassigned", "Unknown"] as const satisfies readonly AssignmentState[];

/** What the leader sees and decides. */
export function leaderEvents({ log, metrics, announcer, statistics, clock }: EventTools) {
  /** When the first look began whose work is not all done, in monotonic milliseconds. */
  let cycleSince: number | undefined;
  const notes = new NoteTeller({ log, announcer });
  return {
    /** This instance has become the leader. */
    leading(): void {
      log.info("sync thread started.");
      metrics.count("aadpodidentity_mic_new_leader_election_count");
      metrics.set("aadpodidentity_mic_leader", 1);
      metrics.set("aadpodidentity_mic_leading_since_timestamp_seconds", clock.now() / 1000);
    },

    /** It is not any more. */
    leadingEnded(): void {
      cycleSince = undefined;
      metrics.set("aadpodidentity_mic_leader", 0);
      metrics.set("aadpodidentity_mic_leading_since_timestamp_seconds", 0);
      metrics.set("aadpodidentity_mic_queue_length", 0);
    },

    /** One look at the whole cluster is done; work on `begun` machines follows. */
    planned(plan: Plan, { seen, begun, waiting, tookMs }: Look): void {
      if (begun > 0) cycleSince ??= clock.monotonic() - tookMs;
      metrics.observe("aadpodidentity_mic_plan_duration_seconds", tookMs / 1000);
      metrics.set("aadpodidentity_mic_queue_length", waiting);
      const counts = Map.groupBy(seen.assignments, ({ state }) => (state === "" ? "Unknown" : state));
      for (const state of STATES) {
        metrics.set("aadpodidentity_assigned_identities", counts.get(state)?.length ?? 0, { state });
      }
      if (begun > 0) statistics.looked(seen, tookMs);
      const found = `Found ${seen.pods.length} pods, ${seen.identities.length} ids, ${seen.bindings.length} bindings`;
      const fields = { machines: begun, waiting, assignments: plan.wantedCount, tookMs: Math.round(tookMs) };
      log.verbose(begun > 0 ? 0 : 5, `work done: ${begun > 0}. ${found}`, fields);
      notes.tell(plan.notes);
    },

    /** A look at the whole cluster failed, which is a defect; it is repeated. */
    lookFailed(fault: Fault, pauseMs: number): void {
      const fields = { code: fault.code, retryInSeconds: Math.round(pauseMs / 100) / 10, at: placeOf(fault) };
      log.error(`the cluster could not be looked at, error: ${fault.message}`, fields);
    },

    /** Nothing is under way any more. */
    settled(): void {
      if (cycleSince !== undefined) {
        metrics.count("aadpodidentity_mic_cycle_count");
        metrics.observe("aadpodidentity_mic_cycle_duration_seconds", (clock.monotonic() - cycleSince) / 1000);
        cycleSince = undefined;
      }
      log.info("** stats collected **");
      for (const line of statistics.take()) log.info(line);
    },
  };
}

/** Where a defect is: the first line of its stack. */
function placeOf({ cause }: Fault): string | undefined {
  return cause instanceof Error ? cause.stack?.split("\n")[1]?.trim() : undefined;
}
