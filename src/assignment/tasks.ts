import type { Assignment, AssignmentDraft, AssignmentState } from "../api/assignment.ts";
import type { Placement } from "../api/placement.ts";
import { isSamePlacement, saysTheSame } from "./compare.ts";
import { freeName, wantedKey } from "./names.ts";
import { type Footprint, isDying, isGuarded } from "./records.ts";
import type { MachinePlan, RecordWork, Wanted } from "./types.ts";

type Forgetting = MachinePlan["forget"][number];
/** One record's part in one machine's plan. */
export type Task = { readonly machine: string } & ({ readonly work: RecordWork } | { readonly forget: Forgetting });

/** Whether a record says all that it should, and nothing is open about it. */
export function isSettled(record: Assignment, wanted: Wanted): boolean {
  const isDone = record.state === "Assigned" && record.leftovers.length === 0;
  return isDone && isGuarded(record) && saysTheSame(record, wanted);
}

/** What is wanted and has no record yet; names of records that are there, dying ones too, are not taken again. */
export function freshTasks(fresh: readonly Wanted[], records: readonly Assignment[]): readonly Task[] {
  if (fresh.length === 0) return [];
  const taken = new Map<string, Set<string>>();
  const take = (namespace: string, name: string) => {
    const names = taken.get(namespace);
    if (names === undefined) taken.set(namespace, new Set([name]));
    else names.add(name);
  };
  for (const { meta } of records) take(meta.namespace, meta.name);
  return fresh
    .map((wanted) => ({ wanted, key: wantedKey(wanted) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ wanted }) => {
      const name = freeName(wanted, (one) => taken.get(wanted.namespace)?.has(one) ?? false);
      take(wanted.namespace, name);
      const state = wanted.placement === undefined ? "Assigned" : "Created";
      const draft = draftOf(wanted, { name, state, leftovers: [] });
      const work = { draft, record: undefined, awaits: wanted.placement?.resourceId, clears: [] };
      return { machine: draft.machine, work };
    });
}

/** What is open about a record that stays. */
export function keptTasks(wanted: Wanted, record: Assignment, footprint: Footprint): readonly Task[] {
  const target = wanted.placement;
  const { leftovers } = footprint;
  const mustRewrite = record.state === "Unassigned" || (target === undefined && record.state !== "Assigned");
  // Without the finalizer whoever deletes the record would leave its identity on the machine, unknown to anybody.
  if (mustRewrite || !isGuarded(record) || !saysTheSame(record, wanted)) {
    return [rewriteTask(wanted, record, footprint)];
  }
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
function rewriteTask(wanted: Wanted, record: Assignment, footprint: Footprint): Task {
  const { placement, leftovers, foreign } = footprint;
  const target = wanted.placement;
  const isMoved = !isSamePlacement(placement, target);
  const places = [...leftovers, ...(isMoved && placement !== undefined ? [placement] : []), ...foreign];
  const left = eachOnce(places).filter((one) => !isSamePlacement(one, target));
  const isAssigned = target === undefined || (!isMoved && record.state === "Assigned");
  const state = isAssigned ? "Assigned" : "Created";
  const draft = draftOf(wanted, { name: record.meta.name, state, leftovers: left });
  const awaits = isAssigned ? undefined : target?.resourceId;
  const work = { draft, record, awaits, clears: resourcesOn(draft.machine, left), ...remark(footprint) };
  const mayWait = left.length === 0 && onlyLacksMachine(record, wanted);
  return { machine: draft.machine, work: mayWait ? { ...work, mayWait } : work };
}

function remark({ isUntraced }: Footprint): { readonly isUntraced?: true } {
  return isUntraced ? { isUntraced } : {};
}

/** Whether a record would be settled if it named its machine, as none of an older release does. */
function onlyLacksMachine(record: Assignment, wanted: Wanted): boolean {
  return record.machine === "" && isSettled({ ...record, machine: wanted.placement?.machine ?? "" }, wanted);
}

/**
 * A record goes in the plan of one machine; what it left on others is taken off there before. One that has nothing on
 * machines any more still goes with its own, where its removal may be under way.
 */
export function unwantedTasks(record: Assignment, footprint: Footprint): readonly Task[] {
  const { machine: own, placement, leftovers } = footprint;
  const places = placement === undefined ? leftovers : [placement, ...leftovers];
  if (mustStay(record, footprint)) {
    if (record.state !== "Unassigned") return [retireTask(record, places, footprint.foreign)];
    return clearTasks(record, places);
  }
  const [last = own, ...others] = machinesOf(places);
  if (others.length === 0) {
    return [{ machine: last, forget: { record, after: resourcesOn(last, places), ...remark(footprint) } }];
  }
  return clearTasks(
    record,
    places.filter(({ machine }) => machine !== last),
  );
}

/**
 * Whether a record is the last trace of what is on a machine that MIC may not change: that may be so because azure.json
 * is wrong at the moment. It stays until it is corrected, or until somebody deletes the record, who then knows.
 */
export function mustStay(record: Assignment, { foreign }: Footprint): boolean {
  return foreign.length > 0 && !isDying(record);
}

/** A record that has to stay, but lets its pod use nothing any more: all that it put on machines becomes leftovers. */
function retireTask(record: Assignment, places: readonly Placement[], foreign: readonly Placement[]): Task {
  const machine = places[0]?.machine ?? "";
  const leftovers = eachOnce([...places, ...foreign]);
  const { name, namespace } = record.meta;
  const draft: AssignmentDraft = { ...record, name, namespace, machine: "", state: "Unassigned", leftovers };
  return { machine, work: { draft, record, awaits: undefined, clears: resourcesOn(machine, places) } };
}

/** Takes off machines what a record left there; the record stays. */
export function clearTasks(record: Assignment, leftovers: readonly Placement[]): readonly Task[] {
  return machinesOf(leftovers).map((machine) => ({
    machine,
    work: { draft: undefined, record, awaits: undefined, clears: resourcesOn(machine, leftovers) },
  }));
}

function machinesOf(places: readonly Placement[]): readonly string[] {
  return [...new Set(places.map(({ machine }) => machine))];
}

function eachOnce(places: readonly Placement[]): readonly Placement[] {
  return places.filter((one, i) => places.findIndex((other) => isSamePlacement(one, other)) === i);
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

function resourcesOn(machine: string, placements: readonly Placement[]): readonly string[] {
  return distinct(placements.filter((one) => one.machine === machine).map(({ resourceId }) => resourceId));
}

/** Each text once, in order. */
export function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
