import type { Assignment } from "../api/assignment.ts";
import type { MachinePlan, RecordWork } from "../assignment/types.ts";
import { Fault } from "../base/fault.ts";
import { settleAll } from "./at-once.ts";
import type { MicEvents } from "./events.ts";
import type { Machines, PatchResult, Records, Refusal, Repairs, Wish } from "./ports.ts";
import { toldTo } from "./told-to.ts";

type MicPorts = {
  readonly records: Records;
  /** Whether another record stands for the same now, so that its pod loses nothing by the removal. */
  readonly hasSuccessor?: (record: Assignment) => boolean;
  readonly machines: Machines;
  /** What pods need on a machine by now: that is not taken off, whatever the plan says. */
  readonly neededOn: (machine: string) => ReadonlySet<string>;
  readonly events: MicEvents;
  readonly repairs: Repairs;
  /** Called when all that is waited for is Azure. */
  readonly asksAzure?: () => void;
  /** How many records of one machine are written at once. */
  readonly writesAtOnce: number;
};

/** How a machine's plan went; the caller decides when to try again. */
export type Outcome = {
  readonly fault: Fault | undefined;
  /** What Azure refuses, or the next change takes over, and when the first is worth a new attempt, in milliseconds. */
  readonly refused?: { readonly ids: ReadonlySet<string>; readonly retryInMs: number } | undefined;
};

/** How many records are written in one go that nobody waits for: a pod that comes meanwhile waits for these at most. */
export const LATE_WRITES = 20;
/** Few at once, so that pods of other machines do not queue behind those of all machines at the API server. */
const LATE_WRITES_AT_ONCE = 2;

type Recorded = RecordWork & { readonly record: Assignment };
type Patched = Pick<PatchResult, "refused" | "fault"> & {
  readonly isDone: (id: string) => boolean;
  /** What the next change takes over, and when there is room for it; nobody has refused it. */
  readonly next?: { readonly ids: ReadonlySet<string>; readonly inMs: number } | undefined;
};

/**
 * Carries out the plan of one machine. Safe to repeat, and safe to stop anywhere: records are written before the
 * machine is touched and removed after, so a crash leaves a trace of everything that was begun.
 */
export async function executePlan(plan: MachinePlan, ports: MicPorts, signal: AbortSignal): Promise<Outcome> {
  const { events } = ports;
  events.machineStarted(plan);
  const faults: Fault[] = [];
  const recorded = await writeRecords(
    plan.work.filter(({ mayWait }) => !mayWait),
    ports,
    faults,
    signal,
  );
  const patched = await patchMachine(plan, recorded, ports, signal);
  await confirmRecords(plan, { recorded, patched }, ports, faults, signal);
  await removeRecords(plan, patched, ports, faults, signal);
  // What is left of these comes next: whoever carries out plans looks again after each.
  const late = plan.work.filter(({ mayWait }) => mayWait).slice(0, LATE_WRITES);
  await writeRecords(late, { ...ports, writesAtOnce: LATE_WRITES_AT_ONCE }, faults, signal);
  const { refused, next } = patched;
  const left = new Set([...refused.keys(), ...(next?.ids ?? [])]);
  const retryInMs = Math.min(
    ...[...refused.values()].map(({ retryInMs }) => retryInMs),
    next?.inMs ?? Number.POSITIVE_INFINITY,
  );
  return {
    fault: gravest(patched.fault === undefined ? faults : [patched.fault, ...faults]),
    refused: left.size === 0 ? undefined : { ids: left, retryInMs },
  };
}

async function writeRecords(
  all: readonly RecordWork[],
  { records, events, writesAtOnce }: MicPorts,
  faults: Fault[],
  signal: AbortSignal,
): Promise<readonly Recorded[]> {
  const results = await settleAll(all, { limit: writesAtOnce, signal }, async (work) => {
    return work.draft === undefined ? work.record : await records.write(work.draft, work.record, signal);
  });
  return results.flatMap((result) => {
    const bond = result.item.draft ?? result.item.record;
    if ("fault" in result) {
      faults.push(result.fault);
      if (bond !== undefined) events.notAssigned(bond, result.fault);
      return [];
    }
    if (result.value === undefined) return [];
    const { draft, record, awaits, isUntraced } = result.item;
    if (record !== undefined && isUntraced) events.untraced(record);
    // Without Azure's part the new record says Assigned from the start.
    if (record === undefined && draft?.state === "Assigned" && awaits === undefined) events.assigned(draft);
    return [{ ...result.item, record: result.value }];
  });
}

async function patchMachine(
  plan: MachinePlan,
  recorded: readonly Recorded[],
  { machines, neededOn, events, repairs, asksAzure }: MicPorts,
  signal: AbortSignal,
): Promise<Patched> {
  const wish = {
    ...wishFor(plan, recorded),
    neededNow: () => neededOn(plan.machine),
    onBusy: (state: string, longestMs: number) => {
      events.machineBusy(plan.machine, state, longestMs);
      events.awaitOwner({ machine: plan.machine, work: recorded }, longestMs);
    },
  };
  const asked = new Set([...wish.attach, ...wish.detach, ...wish.renew.keys()]);
  if (asked.size === 0) return { isDone: () => true, refused: new Map(), fault: undefined };
  events.machineUpdating(plan.machine, wish);
  asksAzure?.();
  const { done, refused, fault, goOnInMs } = await machines.patch(plan.machine, wish, signal);
  repairs.mended(plan.repair.filter(({ resourceId }) => done.has(resourceId)));
  for (const drift of plan.repair) {
    const refusal = refused.get(drift.resourceId);
    if (refusal !== undefined) repairs.refused(drift, { ...refusal, fault: toldTo([drift.resourceId], refusal.fault) });
  }
  // Whatever is left open has a fault, or it would be tried again without a pause.
  const open = asked.difference(done).difference(refused);
  const isGoingOn = fault === undefined && goOnInMs !== undefined && open.size > 0;
  return {
    isDone: (id) => !asked.has(id) || done.has(id),
    refused,
    fault: fault ?? (open.size > 0 && !isGoingOn ? unexplained(plan.machine) : undefined),
    next: isGoingOn ? { ids: open, inMs: goOnInMs } : undefined,
  };
}

/** Only what a record stands for is put on the machine. */
function wishFor({ attach, detach, repair }: MachinePlan, recorded: readonly Recorded[]): Omit<Wish, "neededNow"> {
  const awaited = new Set(recorded.map(({ awaits }) => awaits));
  const missing = repair.filter(({ kind }) => kind === "missing");
  const stale = repair.filter(({ kind }) => kind === "stale");
  return {
    attach: [...attach.filter((id) => awaited.has(id)), ...missing.map(({ resourceId }) => resourceId)],
    detach,
    renew: new Map(stale.map(({ resourceId, clientId = "" }) => [resourceId, clientId])),
  };
}

async function confirmRecords(
  { machine }: MachinePlan,
  { recorded, patched }: { readonly recorded: readonly Recorded[]; readonly patched: Patched },
  { records, events, writesAtOnce }: MicPorts,
  faults: Fault[],
  signal: AbortSignal,
): Promise<void> {
  const confirmations = recorded.map(({ record, awaits, clears }) => ({
    record,
    awaits,
    isAssigned: awaits !== undefined && patched.isDone(awaits),
    cleared: clears.filter(patched.isDone),
  }));
  const { next } = patched;
  if (next !== undefined) {
    const work = recorded.filter(({ awaits }) => awaits !== undefined && next.ids.has(awaits));
    events.awaitRoom({ machine, work }, next.inMs);
  }
  tellWhyOpen(machine, confirmations, patched, events);
  const news = confirmations.filter(({ isAssigned, cleared }) => isAssigned || cleared.length > 0);
  const results = await settleAll(news, { limit: writesAtOnce, signal }, ({ record, ...news }) =>
    records.confirm(record, { ...news, machine }, signal),
  );
  for (const result of results) {
    const { record, isAssigned } = result.item;
    if ("fault" in result) faults.push(result.fault);
    if (isAssigned && "fault" in result) events.notAssigned(record, result.fault);
    else if (isAssigned) events.assigned(record);
  }
}

/** Tells the owners of records whose identity is not on the machine why that is so. */
function tellWhyOpen(
  machine: string,
  confirmations: readonly (Pick<Recorded, "record" | "awaits"> & { readonly isAssigned: boolean })[],
  patched: Patched,
  events: MicEvents,
): void {
  const { next, refused } = patched;
  for (const { record, awaits, isAssigned } of confirmations) {
    if (awaits === undefined || isAssigned || next?.ids.has(awaits)) continue;
    const refusal = refused.get(awaits);
    if (refusal !== undefined) events.refused(record, { ...refusal, fault: toldTo([awaits], refusal.fault) });
    else events.notAssigned(record, whyOpen([awaits], patched, machine));
  }
}

async function removeRecords(
  { machine, forget }: MachinePlan,
  patched: Patched,
  { records, hasSuccessor, events, writesAtOnce }: MicPorts,
  faults: Fault[],
  signal: AbortSignal,
): Promise<void> {
  for (const { record, after } of forget.filter(({ after }) => !after.every(patched.isDone))) {
    if (after.some((id) => patched.next?.ids.has(id))) continue;
    events.notRemoved(record, whyOpen(after, patched, machine));
  }
  const ready = forget.filter(({ after }) => after.every(patched.isDone));
  const results = await settleAll(ready, { limit: writesAtOnce, signal }, ({ record }) =>
    records.remove(record, signal),
  );
  for (const result of results) {
    if ("fault" in result) faults.push(result.fault);
    if ("fault" in result) events.notRemoved(result.item.record, result.fault);
    else if (result.item.isUntraced) events.untraced(result.item.record);
    else if (hasSuccessor?.(result.item.record)) events.replaced(result.item.record);
    else events.removed(result.item.record);
  }
}

/** What the owner of a record with these identities hears of why they are not as wished. */
function whyOpen(ids: readonly string[], { refused, fault }: Patched, machine: string): Fault {
  const own = ids.map((id): Refusal | undefined => refused.get(id)).find((refusal) => refusal !== undefined);
  return toldTo(ids, own?.fault ?? fault ?? unexplained(machine));
}

function unexplained(machine: string): Fault {
  return new Fault("ARM_ERROR", `Azure did not do all that was asked of ${machine}`);
}

/** The fault that asks for the longest pause, or the first one. */
function gravest(faults: readonly Fault[]): Fault | undefined {
  return faults.toSorted((a, b) => (b.retryAfterMs ?? 0) - (a.retryAfterMs ?? 0))[0];
}
