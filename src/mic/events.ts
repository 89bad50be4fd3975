import type { Assignment } from "../api/assignment.ts";
import { kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import type { MachinePlan, Plan, Snapshot } from "../assignment/types.ts";
import type { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Announcer, ObjectName } from "./announcer.ts";
import type { MicMetrics } from "./metrics.ts";
import { NoteTeller } from "./note-events.ts";

const MOST_NAMES = 20;
/** What the plan without a machine is about. */
const RECORDS_ONLY = "records that concern no node";

export type RecordOperation = "addition" | "update" | "deletion" | "status";
/** One write of a record, or one call to Azure, has ended. */
export type Ended<Operation> = {
  readonly operation: Operation;
  readonly durationMs: number;
  readonly fault: Fault | undefined;
};
type Look = { readonly seen: Snapshot; readonly begun: number; readonly tookMs: number };
/** What an event about an assignment needs to know of it. */
type Bond = Pick<Assignment, "pod" | "podNamespace" | "nodeName" | "binding" | "identity">;

type Deps = {
  readonly log: Log;
  readonly metrics: MicMetrics;
  readonly announcer: Announcer;
  /** The live pod, so that its events are found with it; undefined when it is gone. */
  readonly findPod: (ref: {
    readonly namespace: string;
    readonly name: string;
  }) => { readonly meta: ObjectName } | undefined;
};

/** Everything of MIC that is worth counting or telling, a function each: log line, metric and Kubernetes event. */
export type MicEvents = ReturnType<typeof micEvents>;

export function micEvents({ log, metrics, announcer, findPod }: Deps) {
  const notes = new NoteTeller({ log, announcer });
  /** An event on the binding, and one on the pod while it lives. */
  const announce = (bond: Bond, type: "Normal" | "Warning", reason: string, message: string) => {
    announcer.record({ about: { kind: kinds.binding, meta: bond.binding.meta }, type, reason, message });
    const pod = findPod({ namespace: bond.podNamespace, name: bond.pod });
    if (pod !== undefined) announcer.record({ about: { kind: kinds.pod, meta: pod.meta }, type, reason, message });
  };

  return {
    /** This instance has become the leader. */
    leading(): void {
      log.info("sync thread started.");
      metrics.count("aadpodidentity_mic_new_leader_election_count");
    },

    /** One look at the whole cluster is done; work on `begun` machines follows. */
    planned(plan: Plan, { seen, begun, tookMs }: Look): void {
      metrics.count("aadpodidentity_mic_cycle_count");
      metrics.observe("aadpodidentity_mic_cycle_duration_seconds", tookMs / 1000);
      const counts = `Found ${seen.pods.length} pods, ${seen.identities.length} ids, ${seen.bindings.length} bindings`;
      const fields = { machines: begun, assignments: plan.wantedCount, tookMs: Math.round(tookMs) };
      log.verbose(begun > 0 ? 0 : 5, `work done: ${begun > 0}. ${counts}`, fields);
      notes.tell(plan.notes);
    },

    /** Work on a machine begins. */
    machineStarted({ machine, work, forget }: MachinePlan): void {
      const added = work.flatMap(({ draft, record }) =>
        record === undefined && draft !== undefined ? draft.name : [],
      );
      const updated = work.flatMap(({ record }) => record?.meta.name ?? []);
      const deleted = forget.map(({ record }) => record.meta.name);
      const what = machine === "" ? RECORDS_ONLY : `node ${machine}`;
      log.info(`processing ${what}, add ${some(added)}, del ${some(deleted)}, update ${some(updated)}`);
    },

    /** Azure is about to be asked. */
    machineUpdating(machine: string, attach: readonly string[], detach: readonly string[]): void {
      log.info(`updating user-assigned identities on ${machine}, assign ${some(attach)}, unassign ${some(detach)}`);
    },

    /** Pinned identities stay on a machine, although nothing in the cluster needs them there any more. */
    identitiesSpared(machine: string, ids: readonly string[]): void {
      log.info(`identities with pinned client IDs stay on ${machine}: ${some(ids)}`);
    },

    /** Work on a machine has to be repeated. */
    machineFailed(machine: string, fault: Fault, pauseMs: number): void {
      const fields = { code: fault.code, ...fault.facts, retryInSeconds: Math.round(pauseMs / 100) / 10 };
      const what = machine === "" ? RECORDS_ONLY : `user-assigned identities on node ${machine}`;
      const message = `failed to update ${what}, error: ${fault.message}`;
      if (isRepeated(fault)) log.verbose(1, message, fields);
      else log.error(message, fields);
    },

    /** A pod's identity is on its machine, and the record says so. */
    assigned(bond: Bond): void {
      const message = `Binding ${objectKey(bond.binding.meta)} applied on node ${bond.nodeName} for pod ${podOf(bond)}`;
      log.info(message, { identity: objectKey(bond.identity.meta) });
      announce(bond, "Normal", "BindingApplied", message);
    },

    /** A pod has to wait for its identity. */
    notAssigned(bond: Bond, fault: Fault): void {
      if (isRepeated(fault)) return;
      const what = `failed to apply binding ${objectKey(bond.binding.meta)} node ${bond.nodeName} for pod ${podOf(bond)}`;
      log.warn(`${what}, error: ${fault.message}`, { identity: objectKey(bond.identity.meta), code: fault.code });
      announce(bond, "Warning", "BindingApplyError", `${what}, error: ${fault.message}`);
    },

    /** A pod's record is gone, and so is its identity unless another pod needs it. */
    removed(bond: Bond): void {
      const message = `Binding ${objectKey(bond.binding.meta)} removed from node ${bond.nodeName} for pod ${podOf(bond)}`;
      log.info(message, { identity: objectKey(bond.identity.meta) });
      announce(bond, "Normal", "BindingRemoved", message);
    },

    /** A record, or an identity that nobody needs, could not be removed. */
    notRemoved(bond: Bond, fault: Fault): void {
      if (isRepeated(fault)) return;
      const what = `failed to remove binding ${objectKey(bond.binding.meta)} from node ${bond.nodeName} for pod ${podOf(bond)}`;
      log.warn(`${what}, error: ${fault.message}`, { identity: objectKey(bond.identity.meta), code: fault.code });
      announce(bond, "Warning", "BindingRemoveError", `${what}, error: ${fault.message}`);
    },

    /** One write of an AzureAssignedIdentity ended. */
    recordWritten({ operation, durationMs, fault }: Ended<RecordOperation>): void {
      if (fault !== undefined) {
        const operation_type =
          operation === "status" ? "update_azure_assigned_identity_status" : `assigned_identity_${operation}`;
        metrics.count("aadpodidentity_kubernetes_api_operations_errors_count", { operation_type });
      } else if (operation !== "status") {
        metrics.count(`aadpodidentity_assigned_identity_${operation}_count`);
        metrics.observe(`aadpodidentity_assigned_identity_${operation}_duration_seconds`, durationMs / 1000);
      }
    },

    /** One call to Azure ended; the operation is one of vm_get, vm_update, vmss_get, vmss_update. */
    azureCalled({ operation, durationMs, fault }: Ended<string>): void {
      const labels = { operation_type: operation };
      if (fault !== undefined) metrics.count("aadpodidentity_cloud_provider_operations_errors_count", labels);
      else metrics.observe("aadpodidentity_cloud_provider_operations_duration_seconds", durationMs / 1000, labels);
    },
  };
}

/** A list as the original printed it, but not endless. */
function some(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `[${names.slice(0, MOST_NAMES).join(" ")}${more}]`;
}

/**
 * Somebody was quicker, which is nobody's mistake: the work is repeated with what is there now. A record that is in the
 * way of a new one is different: it would have been reckoned with if it could be read, so somebody has to correct it.
 */
function isRepeated(fault: Fault): boolean {
  return fault.code === "KUBE_CONFLICT" && fault.facts.verb !== "create";
}

function podOf({ podNamespace, pod }: Bond): string {
  return `${podNamespace}/${pod}`;
}
