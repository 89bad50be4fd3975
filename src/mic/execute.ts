import type { Assignment } from "../api/assignment.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { MachinePlan, RecordWork } from "../assignment/types.ts";
import { Fault } from "../base/fault.ts";
import { settleAll } from "./at-once.ts";
import type { MicPorts } from "./ports.ts";

/** How a machine's plan went; the caller decides when to try again. */
export type Outcome = { readonly fault: Fault | undefined };

type Recorded = RecordWork & { readonly record: Assignment };
type Patched = { readonly isDone: (id: string) => boolean; readonly fault: Fault | undefined };

/**
 * Carries out the plan of one machine. Safe to repeat, and safe to stop anywhere: records are written before the
 * machine is touched and removed after, so a crash leaves a trace of everything that was begun.
 */
export async function executePlan(plan: MachinePlan, ports: MicPorts, signal: AbortSignal): Promise<Outcome> {
  const { events } = ports;
  events.machineStarted(plan);
  const faults: Fault[] = [];
  const recorded = await writeRecords(plan, ports, faults, signal);
  const patched = await patchMachine(plan, recorded, ports, signal);
  await confirmRecords(plan, { recorded, patched }, ports, faults, signal);
  await removeRecords(plan, patched, ports, faults, signal);
  return { fault: gravest(patched.fault === undefined ? faults : [patched.fault, ...faults]) };
}

async function writeRecords(
  plan: MachinePlan,
  { records, events, writesAtOnce }: MicPorts,
  faults: Fault[],
  signal: AbortSignal,
): Promise<readonly Recorded[]> {
  const results = await settleAll(plan.work, { limit: writesAtOnce, signal }, async (work) => {
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
    const { draft, record, awaits } = result.item;
    // Without Azure's part the new record says Assigned from the start.
    if (record === undefined && draft?.state === "Assigned" && awaits === undefined) events.assigned(draft);
    return [{ ...result.item, record: result.value }];
  });
}

/** Only what a record stands for is put on the machine. */
async function patchMachine(
  plan: MachinePlan,
  recorded: readonly Recorded[],
  { machines, events }: MicPorts,
  signal: AbortSignal,
): Promise<Patched> {
  const attach = plan.attach.filter((id) => recorded.some(({ awaits }) => awaits === id));
  const { detach } = plan;
  if (attach.length + detach.length === 0) return { isDone: () => true, fault: undefined };
  events.machineUpdating(plan.machine, attach, detach);
  const { done, fault } = await machines.patch(plan.machine, { attach, detach, renew: [] }, signal);
  const open = new Set([...attach, ...detach].filter((id) => !done.has(id)));
  return { isDone: (id) => !open.has(id), fault };
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
    isRefused: awaits !== undefined && !patched.isDone(awaits),
    isAssigned: awaits !== undefined && patched.isDone(awaits),
    cleared: clears.filter(patched.isDone),
  }));
  for (const { record, awaits = "" } of confirmations.filter(({ isRefused }) => isRefused)) {
    events.notAssigned(record, toldTo([awaits], patched.fault ?? unexplained(machine)));
  }
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

async function removeRecords(
  { machine, forget }: MachinePlan,
  patched: Patched,
  { records, events, writesAtOnce }: MicPorts,
  faults: Fault[],
  signal: AbortSignal,
): Promise<void> {
  for (const { record, after } of forget.filter(({ after }) => !after.every(patched.isDone))) {
    events.notRemoved(record, toldTo(after, patched.fault ?? unexplained(machine)));
  }
  const ready = forget.filter(({ after }) => after.every(patched.isDone));
  const results = await settleAll(ready, { limit: writesAtOnce, signal }, ({ record }) =>
    records.remove(record, signal),
  );
  for (const result of results) {
    if ("fault" in result) faults.push(result.fault);
    if ("fault" in result) events.notRemoved(result.item.record, result.fault);
    else events.removed(result.item.record);
  }
}

/**
 * What the owner of a record with these identities hears of a fault: where Azure names identities, only their owners
 * hear which, since others may not even know of them.
 */
function toldTo(ids: readonly string[], fault: Fault): Fault {
  const named = String(fault.facts.identities ?? "");
  const refused = named === "" ? [] : named.split(",").map(resourceKey);
  if (refused.every((id) => ids.includes(id))) return fault;
  const own = refused.filter((id) => ids.includes(id));
  const message =
    own.length === 0
      ? "it waits for another identity on the machine, which Azure refuses"
      : `Azure refuses ${own}: check that it exists, and grant MIC the role Managed Identity Operator on it`;
  return new Fault(fault.code, message);
}

function unexplained(machine: string): Fault {
  return new Fault("ARM_ERROR", `Azure did not do all that was asked of ${machine}`);
}

/** The fault that asks for the longest pause, or the first one. */
function gravest(faults: readonly Fault[]): Fault | undefined {
  return faults.toSorted((a, b) => (b.retryAfterMs ?? 0) - (a.retryAfterMs ?? 0))[0];
}
