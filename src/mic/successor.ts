import type { Assignment } from "../api/assignment.ts";
import { bondKey } from "./tell-bond.ts";

/**
 * Whether a record that somebody deleted has been replaced by another, so that its pod goes on as before. Records that
 * MIC deletes by itself have no successors, and are not looked for among all others.
 */
export function hasSuccessor(record: Assignment, all: () => readonly Assignment[]): boolean {
  if (record.meta.deletionTimestamp === "") return false;
  const key = bondKey(record);
  return all().some(
    (one) =>
      one.pod === record.pod &&
      one.meta.uid !== record.meta.uid &&
      one.meta.deletionTimestamp === "" &&
      one.state === "Assigned" &&
      bondKey(one) === key,
  );
}
