import type { MachinePlan } from "../assignment/types.ts";
import type { Fault } from "../base/fault.ts";
import type { Ended } from "./ended.ts";
import type { EventTools } from "./event-tools.ts";
import { nameList } from "./name-list.ts";
import type { Wish } from "./ports.ts";
import { isRepeated } from "./repeated.ts";

/** What the plan without a machine is about. */
const RECORDS_ONLY = "records that concern no node";

type BreakerState = "closed" | "half-open" | "open";
/** The breaker's states as the metric shows them. */
const BREAKER_VALUES = { closed: 0, "half-open": 1, open: 2 } as const satisfies Record<BreakerState, number>;

/** What is done with machines, and how Azure answers. */
export function machineEvents({ log, metrics, statistics }: EventTools) {
  const breakers = new Map<string, number>();
  return {
    /** Work on a machine begins. */
    machineStarted({ machine, work, forget }: MachinePlan): void {
      const added = work.flatMap(({ draft, record }) =>
        record === undefined && draft !== undefined ? draft.name : [],
      );
      const updated = work.flatMap(({ record }) => record?.meta.name ?? []);
      const deleted = forget.map(({ record }) => record.meta.name);
      const what = machine === "" ? RECORDS_ONLY : `node ${machine}`;
      log.info(`processing ${what}, add ${nameList(added)}, del ${nameList(deleted)}, update ${nameList(updated)}`);
    },

    /** Azure is about to be asked. */
    machineUpdating(machine: string, { attach, detach, renew }: Wish): void {
      const renewed = renew.size === 0 ? "" : `, renew ${nameList([...renew.keys()])}`;
      log.info(
        `updating user-assigned identities on ${machine}, assign ${nameList(attach)}, unassign ${nameList(detach)}${renewed}`,
      );
    },

    /** Azure's limits leave no room for a change of a machine yet. */
    machineWaiting(machine: string, delayMs: number): void {
      metrics.observe("aadpodidentity_cloud_provider_budget_wait_seconds", delayMs / 1000);
      log.verbose(1, `a change of ${machine} waits for room in Azure's limits`, { seconds: seconds(delayMs) });
    },

    /** A call to Azure waited for room in its limits. */
    budgetWaited(ms: number): void {
      metrics.observe("aadpodidentity_cloud_provider_budget_wait_seconds", ms / 1000);
    },

    /** Calls to a subscription are held back, tried, or free again. */
    breakerChanged(state: BreakerState, subscription: string, reason?: Fault): void {
      const value = BREAKER_VALUES[state];
      if ((breakers.get(subscription) ?? 0) === value) return;
      breakers.set(subscription, value);
      metrics.set("aadpodidentity_cloud_provider_breaker_state", Math.max(...breakers.values()));
      const why = reason?.code === "ARM_THROTTLED" ? "has no room for" : "does not answer";
      const fields = { subscription, code: reason?.code };
      if (state === "open") log.warn(`Azure ${why} our calls: they are held back for a while`, fields);
      else if (state === "closed") log.info("calls to Azure go on as usual", { subscription });
    },

    /** Somebody else's change of a machine is waited for, which a change of ours would put an end to. */
    machineBusy(machine: string, state: string, longestMs: number): void {
      const then = `MIC changes it once that is done, or in ${seconds(longestMs)} s`;
      log.info(`somebody else is changing ${machine} in Azure (${state}): ${then}`);
    },

    /** Pinned identities stay on a machine, although nothing in the cluster needs them there any more. */
    identitiesSpared(machine: string, ids: readonly string[]): void {
      log.info(`identities with pinned client IDs stay on ${machine}: ${nameList(ids)}`);
    },

    /** Azure refuses identities of a machine, and only these wait. */
    machineHeld(machine: string, retryInMs: number): void {
      log.verbose(1, `identities that Azure refuses on ${machine} are tried again later`, {
        seconds: seconds(retryInMs),
      });
    },

    /** Work on a machine has to be repeated. */
    machineFailed(machine: string, fault: Fault, pauseMs: number): void {
      const { code: azureCode, ...facts } = fault.facts;
      const fields = { code: fault.code, azureCode, ...facts, retryInSeconds: seconds(pauseMs) };
      const what = machine === "" ? RECORDS_ONLY : `user-assigned identities on node ${machine}`;
      const message = `failed to update ${what}, error: ${fault.message}`;
      if (isRepeated(fault)) log.verbose(1, message, fields);
      else log.error(message, fields);
    },

    /** One call to Azure ended; the operation is one of vm_get, vm_update, vmss_get, vmss_update. */
    azureCalled({ operation, durationMs, fault }: Ended<string>): void {
      statistics.azureCalled(operation, durationMs);
      const labels = { operation_type: operation };
      if (fault !== undefined) metrics.count("aadpodidentity_cloud_provider_operations_errors_count", labels);
      else metrics.observe("aadpodidentity_cloud_provider_operations_duration_seconds", durationMs / 1000, labels);
    },
  };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
