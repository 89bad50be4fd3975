import type { Assignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { isIdentityResourceId, type Placement } from "../api/placement.ts";
import { resourceKey } from "../api/resource-id.ts";
import { wantedKey } from "./desired.ts";
import { isAtHome } from "./machine.ts";
import type { Home, Wanted } from "./types.ts";

export type Matched = {
  readonly kept: readonly { readonly wanted: Wanted; readonly record: Assignment }[];
  readonly fresh: readonly Wanted[];
  /** Records that nothing wants, surplus ones, and those that somebody deletes: these are made anew once they are gone. */
  readonly unwanted: readonly Assignment[];
};

/** Tells which record stands for which wanted assignment; names play no part. */
export function matchRecords(records: readonly Assignment[], wanted: readonly Wanted[]): Matched {
  const best = new Map<string, Assignment>();
  const unwanted: Assignment[] = [];
  for (const record of records) {
    const key = keyOf(record);
    const other = best.get(key);
    best.set(key, other === undefined || isBetter(record, other) ? record : other);
    if (other !== undefined) unwanted.push(isBetter(record, other) ? other : record);
  }
  const kept: Matched["kept"][number][] = [];
  const fresh: Wanted[] = [];
  for (const one of wanted) {
    const record = best.get(one.key);
    if (record === undefined) {
      fresh.push(one);
    } else if (!isDying(record)) {
      kept.push({ wanted: one, record });
      best.delete(one.key);
    }
  }
  return { kept, fresh, unwanted: [...unwanted, ...best.values()] };
}

function keyOf({ meta, pod, podNamespace, identity }: Assignment): string {
  return wantedKey(meta.namespace, { namespace: podNamespace, name: pod }, identity.meta);
}

function isDying(record: Assignment): boolean {
  return record.meta.deletionTimestamp !== "";
}

/** Of two records for one thing the one that lives is kept, then the one that is Assigned, then the first by name. */
function isBetter(a: Assignment, b: Assignment): boolean {
  if (isDying(a) !== isDying(b)) return isDying(b);
  if ((a.state === "Assigned") !== (b.state === "Assigned")) return a.state === "Assigned";
  return objectKey(a.meta) < objectKey(b.meta);
}

/** What a record put on machines, as far as MIC may take it off. */
export type Footprint = {
  /** What its present wording puts on a machine; absent when that is nothing, or off it already. */
  readonly placement: Placement | undefined;
  readonly leftovers: readonly Placement[];
};

/** The footprint of a record; `machineOfNode` counts where the record of an older release names no machine. */
export function footprintOf(record: Assignment, machineOfNode: string | undefined, home: Home): Footprint {
  const isMine = ({ machine }: Placement) => isAtHome(machine, home);
  const placement = { machine: record.machine || (machineOfNode ?? ""), resourceId: resourceId(record) };
  const isPlaced = record.state !== "Unassigned" && placement.resourceId !== "" && isMine(placement);
  return { placement: isPlaced ? placement : undefined, leftovers: record.leftovers.filter(isMine) };
}

function resourceId({ identity }: Assignment): string {
  return identity.type === 0 && isIdentityResourceId(identity.resourceId) ? resourceKey(identity.resourceId) : "";
}
