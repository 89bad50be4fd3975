import type { Fault } from "../base/fault.ts";

export type RecordOperation = "addition" | "update" | "deletion" | "status";

/** One write of a record, or one call to Azure, has ended. */
export type Ended<Operation> = {
  readonly operation: Operation;
  readonly durationMs: number;
  readonly fault: Fault | undefined;
};
