import type { Assignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { isSamePlacement } from "./compare.ts";
import { type Footprint, indexRecords, isDying, type Matched } from "./records.ts";
import { isSettled, mustStay } from "./tasks.ts";
import type { Note, Wanted } from "./types.ts";

/** What pods need on one machine, as resource IDs. */
export type Usage = {
  readonly inUse: ReadonlySet<string>;
  /**
   * The part of it that a record which is there already speaks for. Where there is none yet, whoever names the identity
   * has to wait: if it went first and the pod went before the new record is written, nobody would know what is on the machine.
   */
  readonly stood: ReadonlySet<string>;
};

/** The records of pods that run on machines that MIC may not change, where their identities are: they stay as they are. */
export function heldRecords(
  records: readonly Assignment[],
  held: readonly Wanted[],
  footprint: (record: Assignment) => Footprint,
): ReadonlySet<Assignment> {
  const staying = new Set<Assignment>();
  if (held.length === 0) return staying;
  const index = indexRecords(records);
  for (const one of held) {
    const record = index.of(one);
    if (record === undefined) continue;
    const print = footprint(record);
    // One that is still on a machine that counts leaves it, as when its pod moves anywhere else.
    if (mustStay(record, print) && print.placement === undefined) staying.add(record);
  }
  return staying;
}

/** Says that a record speaks of machines that MIC may not change, and what its owner can do about it. */
export function foreignNote(record: Assignment, footprint: Footprint): readonly Note[] {
  const [first] = footprint.foreign;
  if (first === undefined || !mustStay(record, footprint)) return [];
  const name = first.resourceId.split("/").at(-1);
  const fix = "correct azure.json, name its scope in --machine-scopes, or delete the record to let it go";
  return [
    {
      code: "record-foreign",
      record,
      detail: `${name} may still be on ${first.machine}, which MIC may not change: ${fix}`,
    },
  ];
}

/** What must stay on each of these machines. */
export function usageOn(
  machines: Iterable<string>,
  { kept, fresh }: Matched,
  footprint: (record: Assignment) => Footprint,
): ReadonlyMap<string, Usage> {
  const usage = new Map(Array.from(machines, (one) => [one, { inUse: new Set<string>(), stood: new Set<string>() }]));
  if (usage.size === 0) return usage;
  const use = ({ placement }: Wanted, stands: () => boolean) => {
    const here = placement === undefined ? undefined : usage.get(placement.machine);
    if (placement === undefined || here === undefined) return;
    here.inUse.add(placement.resourceId);
    if (stands()) here.stood.add(placement.resourceId);
  };
  for (const one of fresh) use(one, () => false);
  for (const { wanted, record } of kept) {
    use(wanted, () => isSettled(record, wanted) || isSamePlacement(footprint(record).placement, wanted.placement));
  }
  return usage;
}

/**
 * Which unwanted records wait for their successors. When a pod's record is to lie in another namespace, since the mode or
 * the identity's annotation changed, the old one stays until the new one is Assigned: NMI, which may still be in the
 * other mode, then finds one of them all the time. A record that somebody deletes does not wait: it was asked to go.
 */
export function awaitingSuccessors({ kept, fresh, unwanted }: Matched): (record: Assignment) => boolean {
  if (unwanted.length === 0) return () => false;
  const unfinished = kept.filter(({ record }) => record.state !== "Assigned").map(({ wanted }) => wanted);
  const coming = new Set([...fresh, ...unfinished].map(({ pod, identity }) => purpose(pod.meta, identity.meta)));
  return (record) => {
    const proves = record.state === "Assigned" || record.state === "";
    if (!proves || isDying(record)) return false;
    return coming.has(purpose({ namespace: record.podNamespace, name: record.pod }, record.identity.meta));
  };
}

type Named = { readonly namespace: string; readonly name: string };

function purpose(pod: Named, identity: Named): string {
  return `${objectKey(pod)} ${objectKey(identity)}`;
}
