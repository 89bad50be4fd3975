import type { Assignment } from "../api/assignment.ts";
import { ASSIGNMENT_FINALIZER } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { isIdentityResourceId, type Placement } from "../api/placement.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Fleet } from "./machine.ts";
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

type Sought = Pick<Wanted, "namespace" | "pod" | "identity">;
/** Finds the record that stands for what a pod shall have; names of records play no part. */
export type RecordIndex = { readonly of: (sought: Sought) => Assignment | undefined };

/**
 * Records by pod. No keys are put together here: it would take most of the time of a plan, and names of objects that
 * were looked up once are found fast again.
 */
export function indexRecords(records: readonly Assignment[]): RecordIndex {
  const byPod = new Map<string, Map<string, Assignment[]>>();
  for (const record of records) {
    const pods = byPod.get(record.podNamespace) ?? new Map<string, Assignment[]>();
    byPod.set(record.podNamespace, pods);
    const others = pods.get(record.pod);
    if (others === undefined) pods.set(record.pod, [record]);
    else others.push(record);
  }
  return {
    of: (sought) => {
      const { namespace, name } = sought.pod.meta;
      let best: Assignment | undefined;
      for (const record of byPod.get(namespace)?.get(name) ?? []) {
        if (isFor(record, sought) && (best === undefined || isBetter(record, best))) best = record;
      }
      return best;
    },
  };
}

function isFor({ meta, identity }: Assignment, sought: Sought): boolean {
  const { name, namespace } = sought.identity.meta;
  return meta.namespace === sought.namespace && identity.meta.name === name && identity.meta.namespace === namespace;
}

/** Tells which record stands for which wanted assignment. */
export function matchRecords(records: readonly Assignment[], wanted: readonly Wanted[]): Matched {
  const index = indexRecords(records);
  const staying = new Set<Assignment>();
  const kept: Matched["kept"][number][] = [];
  const fresh: Wanted[] = [];
  for (const one of wanted) {
    const record = index.of(one);
    if (record === undefined || isDying(record)) {
      fresh.push(one);
    } else {
      kept.push({ wanted: one, record });
      staying.add(record);
    }
  }
  return { kept, fresh, unwanted: records.filter((record) => !staying.has(record)) };
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
  /** What it says is on machines that MIC may not change. */
  readonly foreign: readonly Placement[];
  /** Whether its identity may be on a machine that nobody can name: that of a node which has gone. */
  readonly isUntraced: boolean;
};

/** The footprint of a record; that of an older release names no machine, so its node's counts. */
export function footprintOf(record: Assignment, fleet: Fleet): Footprint {
  const placement = { machine: record.machine || (fleet.of(record.nodeName) ?? ""), resourceId: resourceId(record) };
  const isReal = placement.resourceId !== "" && placement.machine !== "";
  const places = [...(isReal && record.state !== "Unassigned" ? [placement] : []), ...record.leftovers];
  const isOurs = isReal && fleet.has(placement.machine);
  return {
    machine: isOurs ? placement.machine : "",
    placement: isOurs && record.state !== "Unassigned" ? placement : undefined,
    leftovers: record.leftovers.filter(({ machine }) => fleet.has(machine)),
    foreign: places.filter(({ machine }) => !fleet.has(machine)),
    isUntraced: placement.resourceId !== "" && record.state !== "Unassigned" && isAstray(record, fleet),
  };
}

function isAstray({ machine, nodeName }: Assignment, fleet: Fleet): boolean {
  return machine === "" && nodeName !== "" && fleet.of(nodeName) === undefined;
}

function resourceId({ identity }: Assignment): string {
  return identity.type === 0 && isIdentityResourceId(identity.resourceId) ? resourceKey(identity.resourceId) : "";
}
