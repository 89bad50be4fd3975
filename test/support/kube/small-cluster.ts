import { type Assignment, readAssignment, writeAssignment } from "../../../src/api/assignment.ts";
import { objectKey } from "../../../src/api/meta.ts";
import { writePlaces } from "../../../src/api/placement.ts";
import type { MachinePlan, Plan, RecordWork, Settings, Snapshot } from "../../../src/assignment/types.ts";

export const settings: Settings = {
  isNamespaced: false,
  home: { subscription: "sub", resourceGroup: "rg" },
  scopes: [],
  pinnedClientIds: new Set(),
};

/** A snapshot in which a case fills in what it is about. */
export function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return { pods: [], nodes: [], identities: [], bindings: [], assignments: [], drift: [], settings, ...over };
}

/** Records and machines as plans leave them, with every single step countable, so that a test can stop anywhere. */
export class SmallCluster {
  readonly records = new Map<string, Assignment>();
  readonly machines = new Map<string, Set<string>>();
  /** How many more steps succeed; after that nothing happens any more, as after a crash. */
  stepsLeft = Number.POSITIVE_INFINITY;

  get assignments(): readonly Assignment[] {
    return [...this.records.values()];
  }

  on(machine: string): ReadonlySet<string> {
    return this.machines.get(machine) ?? new Set();
  }

  carryOut(plan: Plan): void {
    for (const machine of plan.machines) this.#carryOutOne(machine);
  }

  #carryOutOne({ machine, work, attach, detach, repair, forget }: MachinePlan): void {
    const written = work.map((one) => ({ ...one, record: this.#write(one) }));
    this.#step(() => {
      const carried = new Set(this.on(machine));
      for (const id of [...attach, ...repair.map(({ resourceId }) => resourceId)]) carried.add(id);
      for (const id of detach) carried.delete(id);
      if (machine !== "") this.machines.set(machine, carried);
    });
    for (const { record, awaits, clears } of written) {
      if (record === undefined || (awaits === undefined && clears.length === 0)) continue;
      this.#step(() => {
        const leftovers = record.leftovers.filter((one) => one.machine !== machine || !clears.includes(one.resourceId));
        this.put({ ...record, leftovers, state: awaits === undefined ? record.state : "Assigned" });
      });
    }
    for (const { record } of forget) this.#step(() => this.records.delete(objectKey(record.meta)));
  }

  #write({ draft, record }: RecordWork): Assignment | undefined {
    if (draft === undefined) return record;
    return this.#step(() => this.put(readAssignment(writeAssignment(draft, record?.meta))));
  }

  /** Stores a record as the API server would: what it says in annotations and what it says elsewhere agree. */
  put(record: Assignment): Assignment {
    const annotations = { ...record.meta.annotations, ...writePlaces(record) };
    const kept = Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== null);
    const stored = { ...record, meta: { ...record.meta, annotations: Object.fromEntries(kept) } };
    this.records.set(objectKey(stored.meta), stored);
    return stored;
  }

  #step<T>(action: () => T): T | undefined {
    if (this.stepsLeft <= 0) return undefined;
    this.stepsLeft -= 1;
    return action();
  }
}
