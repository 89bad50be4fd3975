import type { Assignment, AssignmentDraft, AssignmentState } from "../api/assignment.ts";
import { objectKey } from "../api/meta.ts";
import type { Placement } from "../api/placement.ts";
import { resourceKey } from "../api/resource-id.ts";
import { isSamePlacement, saysTheSame } from "./compare.ts";
import { desiredAssignments } from "./desired.ts";
import { fleetOf } from "./machine.ts";
import { freeName } from "./names.ts";
import { type Footprint, footprintOf, isInPlace, matchRecords } from "./records.ts";
import type { MachinePlan, Plan, RecordWork, Snapshot, Wanted } from "./types.ts";

type Forgetting = MachinePlan["forget"][number];
/** One record's part in one machine's plan. */
type Task = { readonly machine: string } & ({ readonly work: RecordWork } | { readonly forget: Forgetting });

/**
 * What to change, machine by machine. Equal snapshots give equal plans, in whatever order they list things: no clock,
 * log, metric or I/O in here.
 *
 * A record always names what MIC put on machines: its `machine` says where its identity is, its `leftovers` what its
 * earlier wordings put elsewhere. So whoever leads next can take off what is not needed any more.
 */
export function planAssignments(snapshot: Snapshot): Plan {
  const { wanted, notes } = desiredAssignments(snapshot);
  const { kept, fresh, unwanted } = matchRecords(snapshot.assignments.filter(isInPlace), wanted);
  const changed = kept.filter(({ wanted, record }) => !isSettled(record, wanted));
  const fleet = fleetOf(snapshot.nodes, snapshot.settings.home);
  const footprint = (record: Assignment) => footprintOf(record, fleet);
  const tasks = [
    ...freshTasks(fresh, snapshot),
    ...changed.flatMap(({ wanted, record }) => keptTasks(wanted, record, footprint(record))),
    ...unwanted.flatMap((record) => unwantedTasks(record, footprint(record))),
  ];
  const byMachine = Map.groupBy(tasks, ({ machine }) => machine);
  const inUse = resourcesInUse(wanted, byMachine);
  const pinned = tasks.length === 0 ? new Set() : pinnedResources(snapshot);
  const machines = [...byMachine]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([machine, own]) => machinePlan(machine, own, (id) => inUse.get(machine)?.has(id) || pinned.has(id)));
  return { machines, notes, wantedCount: wanted.length };
}

function isSettled(record: Assignment, wanted: Wanted): boolean {
  return record.state === "Assigned" && record.leftovers.length === 0 && saysTheSame(record, wanted);
}

/** What pods need on each of the machines that have something to do. */
function resourcesInUse(
  wanted: readonly Wanted[],
  machines: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const inUse = new Map([...machines.keys()].map((machine) => [machine, new Set<string>()]));
  for (const { placement } of wanted) {
    if (placement !== undefined) inUse.get(placement.machine)?.add(placement.resourceId);
  }
  return inUse;
}

function machinePlan(
  machine: string,
  tasks: readonly Task[],
  mustStay: (id: string) => boolean | undefined,
): MachinePlan {
  const work = tasks.flatMap((task) => ("work" in task ? [task.work] : []));
  const forget = tasks.flatMap((task) => ("forget" in task ? [task.forget] : []));
  const leaving = [...work.flatMap(({ clears }) => clears), ...forget.flatMap(({ after }) => after)];
  return {
    machine,
    work: work.sort((a, b) => (workKey(a) < workKey(b) ? -1 : 1)),
    attach: distinct(work.flatMap(({ awaits }) => awaits ?? [])),
    detach: distinct(leaving).filter((id) => !mustStay(id)),
    repair: [],
    forget: forget.sort((a, b) => (objectKey(a.record.meta) < objectKey(b.record.meta) ? -1 : 1)),
  };
}

function workKey({ draft, record }: RecordWork): string {
  return record === undefined ? `${draft?.namespace}/${draft?.name}` : objectKey(record.meta);
}

function freshTasks(fresh: readonly Wanted[], { assignments }: Snapshot): readonly Task[] {
  if (fresh.length === 0) return [];
  const taken = new Set(assignments.map(({ meta }) => objectKey(meta)));
  return [...fresh]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((wanted) => {
      const name = freeName(wanted, (key) => taken.has(key));
      taken.add(`${wanted.namespace}/${name}`);
      const state = wanted.placement === undefined ? "Assigned" : "Created";
      const draft = draftOf(wanted, { name, state, leftovers: [] });
      const work = { draft, record: undefined, awaits: wanted.placement?.resourceId, clears: [] };
      return { machine: draft.machine, work };
    });
}

function keptTasks(wanted: Wanted, record: Assignment, footprint: Footprint): readonly Task[] {
  const target = wanted.placement;
  const { leftovers } = footprint;
  const mustRewrite = record.state === "Unassigned" || (target === undefined && record.state !== "Assigned");
  if (mustRewrite || !saysTheSame(record, wanted)) return [rewriteTask(wanted, record, footprint)];

  const here = target?.machine ?? "";
  const awaits = record.state === "Assigned" ? undefined : target?.resourceId;
  const places = distinct([...(awaits === undefined ? [] : [here]), ...leftovers.map(({ machine }) => machine)]);
  return places.map((machine) => ({
    machine,
    work: {
      draft: undefined,
      record,
      awaits: machine === here ? awaits : undefined,
      clears: resourcesOn(machine, leftovers),
    },
  }));
}

/** The record keeps its name, and `Assigned` too unless it now means another identity or machine. */
function rewriteTask(wanted: Wanted, record: Assignment, { placement, leftovers }: Footprint): Task {
  const target = wanted.placement;
  const isMoved = !isSamePlacement(placement, target);
  const left = [...leftovers, ...(isMoved && placement !== undefined ? [placement] : [])].filter(
    (one, i, all) => !isSamePlacement(one, target) && all.findIndex((other) => isSamePlacement(one, other)) === i,
  );
  const isAssigned = target === undefined || (!isMoved && record.state === "Assigned");
  const state = isAssigned ? "Assigned" : "Created";
  const draft = draftOf(wanted, { name: record.meta.name, state, leftovers: left });
  const awaits = isAssigned ? undefined : target?.resourceId;
  return { machine: draft.machine, work: { draft, record, awaits, clears: resourcesOn(draft.machine, left) } };
}

/**
 * A record goes in the plan of one machine; what it left on others is taken off there before. One that has nothing on
 * machines any more still goes with its own, where its removal may be under way.
 */
function unwantedTasks(record: Assignment, { machine: own, placement, leftovers }: Footprint): readonly Task[] {
  const places = placement === undefined ? leftovers : [placement, ...leftovers];
  const [last = own, ...others] = [...new Set(places.map(({ machine }) => machine))];
  if (others.length === 0) return [{ machine: last, forget: { record, after: resourcesOn(last, places) } }];
  return others.map((machine) => ({
    machine,
    work: { draft: undefined, record, awaits: undefined, clears: resourcesOn(machine, places) },
  }));
}

type DraftParts = { readonly name: string; readonly state: AssignmentState; readonly leftovers: readonly Placement[] };

function draftOf({ namespace, pod, identity, binding, placement }: Wanted, parts: DraftParts): AssignmentDraft {
  return {
    ...parts,
    namespace,
    identity,
    binding,
    pod: pod.meta.name,
    podNamespace: pod.meta.namespace,
    nodeName: pod.nodeName,
    machine: placement?.machine ?? "",
  };
}

/** Resource IDs that stay wherever they are, because an AzureIdentity for them has a pinned client ID. */
function pinnedResources({ identities, assignments, settings }: Snapshot): ReadonlySet<string> {
  if (settings.pinnedClientIds.size === 0) return new Set();
  return new Set(
    [...identities, ...assignments.map(({ identity }) => identity)]
      .filter(({ clientId }) => settings.pinnedClientIds.has(clientId.toLowerCase()))
      .map(({ resourceId }) => resourceKey(resourceId)),
  );
}

function resourcesOn(machine: string, placements: readonly Placement[]): readonly string[] {
  return distinct(placements.filter((one) => one.machine === machine).map(({ resourceId }) => resourceId));
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
