import type { Identity } from "../api/identity.ts";
import { kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import type { Drift } from "../assignment/types.ts";
import type { Fault } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import type { EventTools } from "./event-tools.ts";
import type { Bond } from "./tell-bond.ts";

export type DriftRound = {
  /** Machines on which pods shall have identities, and how many of them were read. */
  readonly machines: number;
  readonly read: number;
  readonly tookMs: number;
};

const FOUND = {
  missing: "is not on the machine any more: MIC puts it back",
  stale: "was deleted and created anew in Azure: MIC takes the old one off and puts it on again",
} as const satisfies Record<Drift["kind"], string>;
const MENDED = {
  missing: "was missing on the machine and is back",
  stale: "was created anew in Azure and has been put on the machine again",
} as const satisfies Record<Drift["kind"], string>;

/** What drift repair sees in Azure. */
export function driftEvents({ log, metrics, announcer, announce }: EventTools) {
  return {
    /** A machine is not as MIC left it; `bonds` suffer from it. */
    driftFound({ machine, resourceId, kind }: Drift, bonds: readonly Bond[]): void {
      metrics.count("aadpodidentity_mic_drift_found_count", { kind });
      log.warn(`user-assigned identity ${FOUND[kind]}`, { machine, identity: resourceId });
      for (const bond of bonds) tellBond(bond, "Warning", "IdentityDrifted", FOUND[kind]);
    },

    /** A machine is as it should be again. */
    driftMended({ machine, resourceId, kind }: Drift, bonds: readonly Bond[]): void {
      metrics.count("aadpodidentity_mic_drift_repaired_count", { kind });
      log.info(`user-assigned identity ${MENDED[kind]}`, { machine, identity: resourceId });
      for (const bond of bonds) tellBond(bond, "Normal", "IdentityRestored", MENDED[kind]);
    },

    /** An AzureIdentity gives another client ID than Azure does. */
    clientIdWrong(identity: Identity, azures: string): void {
      const message = `it says client ID ${identity.clientId}, Azure says ${azures}: correct spec.clientID`;
      mismatch(identity, message, `Azure gives ${redactClientId(azures)}`);
    },

    /** An AzureIdentity gives another client ID than the identity has on machines, and MIC cannot see which is true. */
    clientIdUnknown(identity: Identity, onMachine: string, { code }: Fault): void {
      const why = code === "ARM_NOT_FOUND" ? "Azure knows no such identity any more" : "Azure does not show it to MIC";
      const fix = "correct spec.clientID, or grant MIC the role Managed Identity Operator on the identity";
      const then = code === "ARM_NOT_FOUND" ? "create it again, or delete this AzureIdentity" : fix;
      const message = `it says client ID ${identity.clientId}, machines have ${onMachine}, and ${why}: ${then}`;
      mismatch(identity, message, `machines have ${redactClientId(onMachine)}, and ${why}`);
    },

    /** Azure shows MIC no identities, so none can be known as created anew; told when that begins or changes. */
    identityUnreadable(resourceId: string, { code, message }: Fault): void {
      const then =
        "whether identities were created anew in Azure cannot be seen, and they stay on machines as they are";
      log.warn(`${then}, error: ${message}`, { identity: resourceId, code });
    },

    /** A machine cannot be read; told when that begins or changes. */
    machineUnreadable(machine: string, fault: Fault): void {
      const message = `the identities on ${machine} cannot be checked, error: ${fault.message}`;
      if (fault.code === "ARM_NOT_FOUND") log.verbose(1, message, { code: fault.code });
      else log.warn(message, { code: fault.code });
    },

    /** All machines have been looked at. */
    driftRound({ machines, read, tookMs }: DriftRound): void {
      metrics.observe("aadpodidentity_mic_drift_round_duration_seconds", tookMs / 1000);
      metrics.set("aadpodidentity_mic_drift_round_machines", read);
      log.verbose(1, `identities on ${read} of ${machines} machines were checked`, { tookMs: Math.round(tookMs) });
    },

    /** A round could not begin, which is a defect; the next one comes in time. */
    driftFailed(fault: Fault): void {
      log.error(`identities on machines cannot be checked, error: ${fault.message}`, { code: fault.code });
    },
  };

  /** The event goes to those who may read the AzureIdentity anyway, the log to others too. */
  function mismatch(identity: Identity, message: string, other: string): void {
    const given = `says client ID ${redactClientId(identity.clientId)}, ${other}`;
    log.warn(`AzureIdentity ${objectKey(identity.meta)} ${given}: its event tells what to do`);
    const about = { kind: kinds.identity, meta: identity.meta };
    announcer.record({ about, type: "Warning", reason: "ClientIDMismatch", message });
  }

  function tellBond(bond: Bond, type: "Normal" | "Warning", reason: string, what: string): void {
    announce(bond, { type, reason, message: `AzureIdentity ${objectKey(bond.identity.meta)} ${what}` });
  }
}
