import type { Assignment } from "../api/assignment.ts";
import { ASSIGNMENT_FINALIZER } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { isIdentityResourceId, type Placement } from "../api/placement.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Fleet } from "./machine.ts";
import { wantedKey } from "./names.ts";
import type { Wanted } from "./types.ts";

/** The namespace of records, except those of identities that are used in their own namespace only. */
export const RECORD_NAMESPACE = "default";

export type Matched = {
  readonly kept: readonly { readonly wanted: Wanted; readonly record: Assignment }[];
  readonly fresh: readonly Wanted[];
  /**
   * Records that nothing wants, surplus ones, and those that somebody deletes. If these are needed, new ones take their
   * place before they go.
   */
  readonly unwanted: readonly Assignment[];
};

/**
 * Whether a record lies where MIC puts records: in `default` or its pod's namespace. Others are not MIC's, and whoever
 * wrote them gets nothing done by them.
 */
export function isInPlace({ meta, podNamespace }: Assignment): boolean {
  return meta.namespace === RECORD_NAMESPACE || meta.namespace === podNamespace;
}

/** By what they are for, the records that stand for it; names play no part. */
export function bestRecords(records: readonly Assignment[]): Map<string, Assignment> {
  const best = new Map<string, Assignment>();
  for (const record of records) {
    const other = best.get(keyOf(record));
    if (other === undefined || isBetter(record, other)) best.set(keyOf(record), record);
  }
  return best;
}

/** Tells which record stands for which wanted assignment. */
export function matchRecords(records: readonly Assignment[], wanted: readonly Wanted[]): Matched {
  const best = bestRecords(records);
  const surplus = records.filter((record) => best.get(keyOf(record)) !== record);
  const kept: Matched["kept"][number][] = [];
  const fresh: Wanted[] = [];
  for (const one of wanted) {
    const record = best.get(one.key);
    if (record === undefined || isDying(record)) {
      fresh.push(one);
    } else {
      kept.push({ wanted: one, record });
      best.delete(one.key);
    }
  }
  return { kept, fresh, unwanted: [...surplus, ...best.values()] };
}

function keyOf({ meta, pod, podNamespace, identity }: Assignment): string {
  return wantedKey(meta.namespace, { namespace: podNamespace, name: pod }, identity.meta);
}

/** Whether somebody has deleted a record, which waits for MIC to let it go. */
export function isDying(record: Assignment): boolean {
  return record.meta.deletionTimestamp !== "";
}

/** Whether a record carries MIC's finalizer, so that nobody can delete it behind MIC's back. */
export function isGuarded({ meta }: Assignment): boolean {
  return meta.finalizers.includes(ASSIGNMENT_FINALIZER);
}

/** Whether MIC is done with a record, which is still there only because of somebody else's finalizer. */
export function isOver(record: Assignment): boolean {
  const isHeld = record.meta.finalizers.length > 0 && !isGuarded(record);
  return isDying(record) && isHeld && record.state === "Unassigned" && record.leftovers.length === 0;
}

/** Of two records for one thing the one that lives is kept, then the one that is Assigned, then the first by name. */
function isBetter(a: Assignment, b: Assignment): boolean {
  if (isDying(a) !== isDying(b)) return isDying(b);
  if ((a.state === "Assigned") !== (b.state === "Assigned")) return a.state === "Assigned";
  return objectKey(a.meta) < objectKey(b.meta);
}

/** What a record put on machines, as far as MIC may take it off. */
export type Footprint = {
  /** The machine that the record's present wording is about, whether anything is on it or not; empty for none. */
  readonly machine: string;
  /** What its present wording puts on a machine; absent when that is nothing, or off it already. */
  readonly placement: Placement | undefined;
  readonly leftovers: readonly Placement[];
};

/** The footprint of a record; that of an older release names no machine, so its node's counts. */
export function footprintOf(record: Assignment, fleet: Fleet): Footprint {
  const placement = { machine: record.machine || (fleet.of(record.nodeName) ?? ""), resourceId: resourceId(record) };
  const isReal = placement.resourceId !== "" && fleet.has(placement.machine);
  return {
    machine: isReal ? placement.machine : "",
    placement: isReal && record.state !== "Unassigned" ? placement : undefined,
    leftovers: record.leftovers.filter(({ machine }) => fleet.has(machine)),
  };
}

function resourceId({ identity }: Assignment): string {
  return identity.type === 0 && isIdentityResourceId(identity.resourceId) ? resourceKey(identity.resourceId) : "";
}
