import type { Snapshot } from "../assignment/types.ts";
import type { RecordOperation } from "./ended.ts";

/** How the original's statistics call the writes of records, and what was done to how many of them. */
const RECORDS = {
  addition: ["AzureAssignedIdentity creation", "created"],
  update: ["AzureAssignedIdentity update", "updated"],
  deletion: ["AzureAssignedIdentity deletion", "deleted"],
} as const;

type Sum = { count: number; ms: number };

/** What was done since statistics were last printed, under the labels of the original. */
export class Statistics {
  readonly #sums = new Map<string, Sum>();
  #seen: string[] = [];

  looked({ pods, identities, bindings, assignments }: Snapshot, tookMs: number): void {
    this.#add("System", tookMs);
    this.#seen = [
      `Pod listing: ${pods.length}`,
      `AzureIdentity listing: ${identities.length}`,
      `AzureIdentityBinding listing: ${bindings.length}`,
      `AzureAssignedIdentity listing: ${assignments.length}`,
    ];
  }

  recordWritten(operation: RecordOperation, ms: number): void {
    if (operation !== "status") this.#add(operation, ms);
  }

  /** One call ended, whether well or not. */
  azureCalled(operation: string, ms: number): void {
    this.#add(operation.endsWith("_get") ? "GET" : "PATCH", ms);
  }

  /** The lines to print; begins anew. Durations are the sums of what went on side by side. */
  take(): readonly string[] {
    const lines = [...this.#seen, ...[...this.#sums].flatMap(([what, sum]) => linesOf(what, sum))];
    this.#sums.clear();
    this.#seen = [];
    return lines;
  }

  #add(what: string, ms: number): void {
    const sum = this.#sums.get(what) ?? { count: 0, ms: 0 };
    this.#sums.set(what, { count: sum.count + 1, ms: sum.ms + ms });
  }
}

function linesOf(what: string, { count, ms }: Sum): readonly string[] {
  const took = `${Math.round(ms)}ms`;
  if (what === "System") return [`System: ${took}`];
  if (what === "GET" || what === "PATCH") {
    return [`Cloud provider ${what}: ${took}`, `Number of cloud provider ${what}: ${count}`];
  }
  const [label, done] = RECORDS[what as keyof typeof RECORDS];
  return [`${label}: ${took}`, `Number of AzureAssignedIdentities ${done} in this sync cycle: ${count}`];
}
