import { objectKey } from "../api/meta.ts";
import type { MachinePlan, RecordWork } from "../assignment/types.ts";

/** What a plan asks for, part by part. */
export type Parts = ReadonlySet<string>;
type Ids = ReadonlySet<string>;

/** That a record was written in the meantime leaves fewer parts, but adds none. What may wait is none. */
export function partsOf(plan: MachinePlan): Parts {
  const work = plan.work.filter(({ mayWait }) => !mayWait);
  const writes = work.filter(({ draft }) => draft !== undefined);
  return new Set([
    ...beyondWrites({ ...plan, work }),
    ...writes.map((work) => `write ${nameOf(work)} ${JSON.stringify(work.draft)}`),
  ]);
}

/** What a plan asks for when all of it is done but what these identities stand in the way of. */
export function partsLeft({ machine, attach, detach, repair, work, forget }: MachinePlan, ids: Ids): Parts {
  const isLeft = (id: string) => ids.has(id);
  const left = {
    machine,
    attach: attach.filter(isLeft),
    detach: detach.filter(isLeft),
    repair: repair.filter(({ resourceId }) => isLeft(resourceId)),
    work: work.filter(({ awaits, clears }) => (awaits !== undefined && isLeft(awaits)) || clears.some(isLeft)),
    forget: forget.filter(({ after }) => after.some(isLeft)),
  };
  return new Set(beyondWrites(left));
}

function beyondWrites({ attach, detach, repair, work, forget }: MachinePlan): readonly string[] {
  return [
    ...attach.map((id) => `attach ${id}`),
    ...detach.map((id) => `detach ${id}`),
    ...repair.map(({ kind, resourceId }) => `repair ${kind} ${resourceId}`),
    ...work.map((one) => `keep ${nameOf(one)}`),
    ...forget.map(({ record }) => `forget ${objectKey(record.meta)}`),
  ];
}

function nameOf({ draft, record }: RecordWork): string {
  return record === undefined ? `${draft?.namespace}/${draft?.name}` : objectKey(record.meta);
}

/** Whether a plan asks for more than was asked for before. */
export function asksForMore(plan: MachinePlan, before: Parts): boolean {
  return !partsOf(plan).isSubsetOf(before);
}

/** Whether a machine itself is to be changed. */
export function needsAzure({ attach, detach, repair }: MachinePlan): boolean {
  return attach.length + detach.length + repair.length > 0;
}

/** The part of a plan that nobody waits for; undefined when there is none. */
export function whatMayWait(plan: MachinePlan): MachinePlan | undefined {
  const work = plan.work.filter(({ mayWait }) => mayWait);
  return work.length === 0
    ? undefined
    : { machine: plan.machine, work, attach: [], detach: [], repair: [], forget: [] };
}

/**
 * The part of a plan that can be done while the machine itself has to wait: records are written, so that they stand
 * there when it is the machine's turn, and those go that leave nothing behind. Undefined when there is none.
 */
export function withoutAzure(plan: MachinePlan): MachinePlan | undefined {
  const leaving = new Set(plan.detach);
  const work = plan.work
    .filter(({ draft }) => draft !== undefined)
    .map((one) => ({ ...one, awaits: undefined, clears: [] }));
  const forget = plan.forget.filter(({ after }) => !after.some((id) => leaving.has(id)));
  if (work.length + forget.length === 0) return undefined;
  return { machine: plan.machine, work, attach: [], detach: [], repair: [], forget };
}

/** Whether records were written by which other machines may be rid of something: they do not wait for this one. */
export function namesLeftovers({ work }: MachinePlan): boolean {
  return work.some(({ draft }) => draft !== undefined && draft.leftovers.length > 0);
}
