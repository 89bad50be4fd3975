import type { Assignment } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import { desiredAssignments } from "./desired.ts";
import { fleetOf } from "./machine.ts";
import { footprintOf, isInPlace, isOver, matchRecords } from "./records.ts";
import { awaitingSuccessors, foreignNote, heldRecords, type Usage, usageOn } from "./stays.ts";
import { clearTasks, distinct, freshTasks, isSettled, keptTasks, type Task, unwantedTasks } from "./tasks.ts";
import type { Drift, MachinePlan, Plan, RecordWork, Snapshot } from "./types.ts";

/**
 * What to change, machine by machine. Equal snapshots give equal plans, in whatever order they list things: no clock,
 * log, metric or I/O in here.
 *
 * That an identity is pinned plays no part: Azure alone knows whose client ID it has, so what is wished off a machine is
 * spared there. Whoever may write an AzureIdentity could otherwise keep the identities of others on machines.
 *
 * A record always names what MIC put on machines: its `machine` says where its identity is, its `leftovers` what its
 * earlier wordings put elsewhere. So whoever leads next can take off what is not needed any more.
 */
export function planAssignments(snapshot: Snapshot): Plan {
  const fleet = fleetOf(snapshot.nodes, snapshot.settings);
  const { wanted, held, notes } = desiredAssignments(snapshot, fleet);
  const footprint = (record: Assignment) => footprintOf(record, fleet);
  const records = snapshot.assignments.filter((record) => isInPlace(record) && !isOver(record));
  const staying = heldRecords(records, held, footprint);
  const matched = matchRecords(staying.size === 0 ? records : records.filter((one) => !staying.has(one)), wanted);
  const mustWait = awaitingSuccessors(matched);
  const tasks = [
    ...freshTasks(matched.fresh, snapshot.assignments),
    ...matched.kept.flatMap(({ wanted, record }) =>
      isSettled(record, wanted) ? [] : keptTasks(wanted, record, footprint(record)),
    ),
    ...[...staying].flatMap((record) => clearTasks(record, footprint(record).leftovers)),
    ...matched.unwanted.flatMap((record) => (mustWait(record) ? [] : unwantedTasks(record, footprint(record)))),
  ];
  const byMachine = Map.groupBy(tasks, ({ machine }) => machine);
  const drifts = Map.groupBy(snapshot.drift, ({ machine }) => machine);
  const named = distinct([...byMachine.keys(), ...drifts.keys()]);
  const usage = usageOn(named, matched, footprint);
  const machines = named.map((machine) =>
    machinePlan(machine, {
      tasks: byMachine.get(machine) ?? [],
      drift: drifts.get(machine) ?? [],
      usage: usage.get(machine) ?? { inUse: new Set(), stood: new Set() },
    }),
  );
  const left = matched.kept.map(({ record }) => record).filter(({ leftovers }) => leftovers.length > 0);
  const open = [...matched.unwanted, ...left];
  const foreign = open.flatMap((record) => foreignNote(record, footprint(record)));
  return { machines: machines.filter(isAnything), notes: [...notes, ...foreign], wantedCount: wanted.length };
}

type Parts = {
  readonly tasks: readonly Task[];
  readonly drift: readonly Drift[];
  readonly usage: Usage;
};

function machinePlan(machine: string, { tasks, drift, usage: { inUse, stood } }: Parts): MachinePlan {
  const mayDrop = (id: string) => !inUse.has(id) || stood.has(id);
  const leaves = (id: string) => !inUse.has(id);
  const work = tasks
    .flatMap((task) => ("work" in task ? [task.work] : []))
    .map((one) => (one.clears.length === 0 ? one : { ...one, clears: one.clears.filter(mayDrop) }))
    .filter(({ draft, awaits, clears }) => draft !== undefined || awaits !== undefined || clears.length > 0);
  const forget = tasks
    .flatMap((task) => ("forget" in task ? [task.forget] : []))
    .filter(({ after }) => after.every(mayDrop))
    .map((one) => ({ ...one, after: one.after.filter(leaves) }));
  const leaving = [...work.flatMap(({ clears }) => clears), ...forget.flatMap(({ after }) => after)];
  const attach = distinct(work.flatMap(({ awaits }) => awaits ?? []));
  return {
    machine,
    work: sortedBy(work, workKey),
    attach,
    detach: distinct(leaving).filter(leaves),
    repair: drift
      .filter(isFirst)
      .filter(({ resourceId: id }) => inUse.has(id) && !attach.includes(id))
      .sort(byResource),
    forget: sortedBy(forget, ({ record }) => objectKey(record.meta)),
  };
}

function isAnything({ work, repair, forget }: MachinePlan): boolean {
  return work.length + repair.length + forget.length > 0;
}

function workKey({ draft, record }: RecordWork): string {
  return record === undefined ? `${draft?.namespace}/${draft?.name}` : objectKey(record.meta);
}

/** Makes each key once: there may be thousands. */
function sortedBy<T>(all: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return all
    .map((one) => ({ one, key: keyOf(one) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ one }) => one);
}

/** Of two findings about one identity the one that mends both: to take it off and to put it on again. */
function isFirst(one: Drift, i: number, all: readonly Drift[]): boolean {
  const rivals = all.filter(({ resourceId }) => resourceId === one.resourceId);
  return (rivals.find(({ kind }) => kind === "stale") ?? rivals[0]) === one && all.indexOf(one) === i;
}

function byResource(a: Drift, b: Drift): number {
  return a.resourceId < b.resourceId ? -1 : 1;
}
