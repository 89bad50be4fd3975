import { objectKey } from "../api/meta.ts";
import type { MachinePlan } from "../assignment/types.ts";

/** What a plan asks for, part by part. */
export type Parts = ReadonlySet<string>;

/** That a record was written in the meantime leaves fewer parts, but adds none. */
export function partsOf({ attach, detach, repair, work, forget }: MachinePlan): Parts {
  const works = work.flatMap(({ draft, record }) => {
    const name = record === undefined ? `${draft?.namespace}/${draft?.name}` : objectKey(record.meta);
    return draft === undefined ? [`keep ${name}`] : [`keep ${name}`, `write ${name} ${JSON.stringify(draft)}`];
  });
  return new Set([
    ...attach.map((id) => `attach ${id}`),
    ...detach.map((id) => `detach ${id}`),
    ...repair.map(({ kind, resourceId }) => `repair ${kind} ${resourceId}`),
    ...works,
    ...forget.map(({ record }) => `forget ${objectKey(record.meta)}`),
  ]);
}

/** Whether a plan asks for more than was asked for before. */
export function asksForMore(plan: MachinePlan, before: Parts): boolean {
  return !partsOf(plan).isSubsetOf(before);
}

/** Whether a machine itself is to be changed. */
export function needsAzure({ attach, detach, repair }: MachinePlan): boolean {
  return attach.length + detach.length + repair.length > 0;
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
