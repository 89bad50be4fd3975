import type { Assignment, AssignmentDraft } from "../api/assignment.ts";
import type { Fault } from "../base/fault.ts";
import type { MicEvents } from "./events.ts";

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

/** VMs and scale sets; failures are part of the result. */
export type Machines = {
  patch(
    machineId: string,
    wish: { readonly attach: readonly string[]; readonly detach: readonly string[] },
    signal: AbortSignal,
  ): Promise<{ readonly done: ReadonlySet<string>; readonly fault: Fault | undefined }>;
};

export type MicPorts = {
  readonly records: Records;
  readonly machines: Machines;
  readonly events: MicEvents;
  /** How many records of one machine are written at once. */
  readonly writesAtOnce: number;
};
