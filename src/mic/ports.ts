import type { Assignment, AssignmentDraft } from "../api/assignment.ts";
import type { Drift } from "../assignment/types.ts";
import type { Fault } from "../base/fault.ts";

/** What has become true of a record's machine. */
type Confirmation = {
  readonly machine: string;
  /** The identity is on the machine now, so the record may say Assigned. */
  readonly isAssigned: boolean;
  /** Resource IDs of leftovers that are off the machine now. */
  readonly cleared: readonly string[];
};

/** The AzureAssignedIdentity objects; every method throws Fault KUBE_*, KUBE_CONFLICT when somebody was quicker. */
export type Records = {
  /** Creates a record, or rewrites `over`; the answer is what the API server holds now. */
  write(draft: AssignmentDraft, over: Assignment | undefined, signal: AbortSignal): Promise<Assignment>;
  confirm(record: Assignment, confirmation: Confirmation, signal: AbortSignal): Promise<void>;
  /** Marks the record Unassigned, gives up the finalizer and deletes it. */
  remove(record: Assignment, signal: AbortSignal): Promise<void>;
};

/** What a machine shall carry; IDs in the spelling of `resourceKey`. */
export type Wish = {
  readonly attach: readonly string[];
  readonly detach: readonly string[];
  /**
   * On the machine as they were before somebody deleted and created them anew, with the client IDs that they have there:
   * taken off, then put on again. Those that are there with another client ID by now are as wished.
   */
  readonly renew: ReadonlyMap<string, string>;
  /** What pods need on the machine by now, whatever was wished: asked right before each change, and not taken off. */
  readonly neededNow: () => ReadonlySet<string>;
  /** Hears of a change by somebody else that is waited for, and how long at most, in milliseconds. */
  readonly onBusy?: (state: string, longestMs: number) => void;
};

/** An identity that Azure refuses. It is set aside, so that the others of its machine go on, and tried alone later. */
export type Refusal = {
  readonly fault: Fault;
  /** When it is worth a new attempt, in milliseconds from now. */
  readonly retryInMs: number;
  /** Azure has just been asked; otherwise it was left aside without asking. */
  readonly isNew: boolean;
};

export type PatchResult = {
  /** IDs that are now as wished, or pinned and therefore left where they are. */
  readonly done: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Refusal>;
  /** What stood in the way of all that is neither done nor refused, unless it only takes another change. */
  readonly fault: Fault | undefined;
  /** There is more to do, and room for it in so many milliseconds; absent when nothing is left but what has a fault. */
  readonly goOnInMs?: number;
};

/** VMs and scale sets; failures are part of the result. */
export type Machines = {
  /**
   * How long until Azure's limits leave room for a change of this machine, in milliseconds; 0 for now. Asked before work
   * on a machine begins, so that what goes is the latest wish.
   */
  delayMs(machineId: string): number;
  patch(machineId: string, wish: Wish, signal: AbortSignal): Promise<PatchResult>;
};

/** What is on a machine, read by drift repair; IDs in the spelling of `resourceKey`. */
export type Carried = {
  readonly userAssigned: ReadonlySet<string>;
  /** The client IDs that Azure gives; of an identity that was just put on the machine it is absent for a while. */
  readonly clientIds: ReadonlyMap<string, string>;
};

/** Reads a machine. @throws Fault ARM_*, ARM_NOT_FOUND when there is no such machine */
export type ReadMachine = (machineId: string, signal: AbortSignal) => Promise<Carried>;

/**
 * The client ID that an identity has in Azure now; empty when Azure does not say.
 * @throws Fault ARM_*; ARM_FORBIDDEN when MIC may not read it, ARM_NOT_FOUND when there is none
 */
export type AskClientId = (resourceId: string, signal: AbortSignal) => Promise<string>;

/** Hears what becomes of what drift repair has found. */
export type Repairs = {
  mended(drifts: readonly Drift[]): void;
  refused(drift: Drift, refusal: Refusal): void;
};
