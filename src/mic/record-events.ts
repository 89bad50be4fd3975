import { objectKey } from "../api/meta.ts";
import type { MachinePlan } from "../assignment/types.ts";
import { armLimits } from "../azure/arm-limits.ts";
import type { Fault } from "../base/fault.ts";
import type { Ended, RecordOperation } from "./ended.ts";
import type { EventTools } from "./event-tools.ts";
import type { Refusal } from "./ports.ts";
import { isRepeated } from "./repeated.ts";
import { type Bond, bondKey, podOf } from "./tell-bond.ts";

/** A pod that waits for less has its identity before anybody has read why it waits. */
const WORTH_TELLING_MS = 5_000;
/** To this the time is rounded up: nobody knows it better, and equal events are one with a count. */
const ABOUT_MS = 10_000;

/** What becomes of AzureAssignedIdentities. */
export function recordEvents({ log, metrics, announce, clock, statistics }: EventTools) {
  /** Assignments that wait for an identity in quarantine and have been told so. */
  const held = new Set<string>();
  /** Until when assignments wait that have been told so. */
  const waiting = new Map<string, number>();
  const failed = (bond: Bond, reason: string, message: string, { code }: Fault) => {
    log.warn(message, { identity: objectKey(bond.identity.meta), code });
    announce(bond, { type: "Warning", reason, message });
  };
  const succeeded = (bond: Bond, reason: string, message: string) => {
    held.delete(bondKey(bond));
    log.info(message, { identity: objectKey(bond.identity.meta) });
    announce(bond, { type: "Normal", reason, message });
  };
  const wait = (work: MachinePlan["work"], ms: number, why: string) => {
    if (ms < WORTH_TELLING_MS) return;
    const now = clock.monotonic();
    let isNew = false;
    for (const { draft, record, awaits } of work) {
      const bond = draft ?? record;
      if (bond === undefined || awaits === undefined) continue;
      const key = bondKey(bond);
      if ((waiting.get(key) ?? now) > now) continue;
      waiting.set(key, now + ms);
      isNew = true;
      const message = `Binding ${objectKey(bond.binding.meta)} on node ${bond.nodeName} for pod ${podOf(bond)} waits: ${why}`;
      announce(bond, { type: "Normal", reason: "WaitingForAzure", message });
    }
    // There may be thousands, and each look comes by for every machine that waits.
    if (isNew) for (const [key, until] of waiting) if (until <= now) waiting.delete(key);
  };

  return {
    /** A pod's identity is on its machine, and the record says so. */
    assigned(bond: Bond): void {
      const message = `Binding ${objectKey(bond.binding.meta)} applied on node ${bond.nodeName} for pod ${podOf(bond)}`;
      succeeded(bond, "BindingApplied", message);
    },

    /** A pod has to wait for its identity. */
    notAssigned(bond: Bond, fault: Fault): void {
      if (isRepeated(fault)) return;
      failed(bond, "BindingApplyError", `${failedToApply(bond)}, error: ${fault.message}`, fault);
    },

    /** Azure refuses a pod's identity. Told when Azure has just been asked, and once to whoever comes later. */
    refused(bond: Bond, { fault, retryInMs, isNew }: Refusal): void {
      if (!isNew && held.has(bondKey(bond))) return;
      held.add(bondKey(bond));
      const until = new Date(clock.now() + retryInMs).toISOString().replace(/\.\d+Z$/, "Z");
      const message = `${failedToApply(bond)}, error: ${fault.message}`;
      const { azure } = fault.facts;
      const fields = { identity: objectKey(bond.identity.meta), code: fault.code };
      log.warn(`${message}; quarantined until ${until}`, azure === undefined ? fields : { ...fields, azure });
      // Without the time, so that each attempt raises the count of one event.
      announce(bond, { type: "Warning", reason: "BindingApplyError", message: `${message}; in quarantine` });
    },

    /** Azure's limits leave no room for a change of a machine. Each pod that waits for it hears that once a wait. */
    awaitRoom({ machine, work }: Pick<MachinePlan, "machine" | "work">, ms: number): void {
      const why = `there is no room in Azure's limits for another change of ${nameOf(machine)} yet (${armLimits.machine_update.azure.perMinute} a minute of a machine at most)`;
      wait(work, ms, `${why}; the next one is sent in about ${about(ms)} s`);
    },

    /** Somebody else's change of a machine is under way. Each pod that waits for its end hears that once a wait. */
    awaitOwner({ machine, work }: Pick<MachinePlan, "machine" | "work">, longestMs: number): void {
      const why = `somebody else is changing ${nameOf(machine)} in Azure, as an autoscaler does`;
      wait(work, longestMs, `${why}; MIC changes it once that is done, or in about ${about(longestMs)} s`);
    },

    /** A pod's record is gone, and so is its identity unless another pod needs it. */
    removed(bond: Bond): void {
      const message = `Binding ${objectKey(bond.binding.meta)} removed from node ${bond.nodeName} for pod ${podOf(bond)}`;
      succeeded(bond, "BindingRemoved", message);
    },

    /** What a record put on the machine of a node that has gone may be there still, and the record does not say so any more. */
    untraced(bond: Bond): void {
      const { resourceId } = bond.identity;
      const message = `Identity ${resourceId} may still be on the machine of node ${bond.nodeName}, which has gone: no record says which machine that is. If it was a scale set that is still there, and no pod on it needs the identity, take it off with az vmss identity remove --resource-group <group> --name <scale set> --identities "${resourceId}"`;
      held.delete(bondKey(bond));
      log.warn(message, { identity: objectKey(bond.identity.meta), pod: podOf(bond) });
      announce(bond, { type: "Warning", reason: "IdentityMayRemain", message });
    },

    /** A pod's record is gone, and another stands for the same: nothing changes for the pod. */
    replaced(bond: Bond): void {
      const message = `Record of binding ${objectKey(bond.binding.meta)} on node ${bond.nodeName} for pod ${podOf(bond)} is replaced by another`;
      succeeded(bond, "RecordReplaced", message);
    },

    /** A record, or an identity that nobody needs, could not be removed. */
    notRemoved(bond: Bond, fault: Fault): void {
      if (isRepeated(fault)) return;
      const what = `failed to remove binding ${objectKey(bond.binding.meta)} from node ${bond.nodeName} for pod ${podOf(bond)}`;
      failed(bond, "BindingRemoveError", `${what}, error: ${fault.message}`, fault);
    },

    /** One write of an AzureAssignedIdentity ended. */
    recordWritten({ operation, durationMs, fault }: Ended<RecordOperation>): void {
      if (fault !== undefined) {
        const operation_type =
          operation === "status" ? "update_azure_assigned_identity_status" : `assigned_identity_${operation}`;
        metrics.count("aadpodidentity_kubernetes_api_operations_errors_count", { operation_type });
        return;
      }
      statistics.recordWritten(operation, durationMs);
      if (operation === "status") return;
      metrics.count(`aadpodidentity_assigned_identity_${operation}_count`);
      metrics.observe(`aadpodidentity_assigned_identity_${operation}_duration_seconds`, durationMs / 1000);
    },
  };
}

function failedToApply(bond: Bond): string {
  return `failed to apply binding ${objectKey(bond.binding.meta)} node ${bond.nodeName} for pod ${podOf(bond)}`;
}

function nameOf(machine: string): string {
  return machine.split("/").at(-1) ?? machine;
}

function about(ms: number): number {
  return (Math.ceil(ms / ABOUT_MS) * ABOUT_MS) / 1_000;
}
