import {
  type ArmError,
  busyWithOthers,
  changedMeanwhile,
  failed,
  later,
  leaving,
  noRoom,
  notSignedIn,
  notThere,
  type Refusing,
  refusalOf,
  throttled,
  troubled,
} from "./arm-errors.ts";
import type { Dice } from "./dice.ts";
import { MACHINE_IDS, OWN, RESOURCES, resourceIdOf } from "./names.ts";
import type { Tally } from "./tally.ts";
import type { Timeline } from "./timeline.ts";

/** The `identity` of a PATCH as it goes over the wire. */
export type IdentityBody = {
  readonly type: string;
  readonly userAssignedIdentities?: Readonly<Record<string, object | null>>;
};
/** What becomes of the next change of a machine that would have gone well. */
export type Failure = "before" | "after" | "half" | "never ends" | "unavailable" | "busy";

/** A VM or scale set: what it carries, by resource ID in lower case, with the client ID that each had when it was put on. */
export type Machine = {
  hasSystem: boolean;
  readonly carried: Map<string, string>;
  state: "there" | "Deleting" | "gone";
  /** The change under way. */
  operation: number;
  throttledUntil: number;
  readonly failures: Failure[];
  /** Raised by every change, whoever makes it. */
  version: number;
  /** A change that MIC asked for is under way so long. */
  busyUntil: number;
  /** A change of somebody else is under way so long; meanwhile others are refused, or take its place. */
  othersUntil: number;
  refusesMeanwhile: boolean;
  /** What its owner does while somebody's next change is on its way. */
  beforeChange: (() => void) | undefined;
  /** How many user-assigned identities it may carry. */
  room: number;
  /** Carried ones because of which Azure refuses every change that leaves them there. */
  readonly minded: Set<string>;
};
export type Done = { readonly durationMs: number; readonly error?: ArmError };
type Parts = { readonly timeline: Timeline; readonly dice: Dice; readonly tally: Tally; readonly hasEtags: boolean };

/** What never ends for whoever asked shows as under way for so long. */
const STUCK_MS = 30 * 60_000;

/** Azure's side: machines with identities, and all the trouble it makes. */
export class Azure {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #tally: Tally;
  readonly machines: ReadonlyMap<string, Machine>;
  /** By resource ID, the client ID that the identity has in Azure now. */
  readonly clientIds = new Map<string, string>();
  readonly refused = new Map<string, Refusing>();
  /** Until when all changes in the subscription are refused. */
  throttledUntil = 0;
  /** Whether it tells etags, and heeds them. */
  readonly hasEtags: boolean;
  /** MIC's token is no good. */
  isSignedOut = false;

  constructor({ timeline, dice, tally, hasEtags }: Parts) {
    this.hasEtags = hasEtags;
    this.#timeline = timeline;
    this.#dice = dice;
    this.#tally = tally;
    this.machines = new Map(MACHINE_IDS.map((id) => [id, newMachine()]));
    for (const name of [...RESOURCES, OWN]) this.create(name);
  }

  /** There is an identity of that name. */
  create(name: string): void {
    this.clientIds.set(resourceIdOf(name), `client-of-${name}`);
  }

  machine(id: string): Machine {
    const found = this.machines.get(id);
    if (found === undefined) throw new Error(`MIC asked for a machine that the cluster does not have: ${id}`);
    return found;
  }

  /** What somebody sees who looks at a machine. */
  stateOf({ state, busyUntil, othersUntil }: Machine): string {
    const { now } = this.#timeline;
    if (state !== "there") return "Deleting";
    if (now < othersUntil) this.#tally.count("a look at a machine that somebody else changes");
    return now < Math.max(busyUntil, othersUntil) ? "Updating" : "Succeeded";
  }

  /** A change is on its way, and the machine's owner is quicker. */
  letOwnerGoFirst(machine: Machine): void {
    const { beforeChange } = machine;
    machine.beforeChange = undefined;
    beforeChange?.();
  }

  /** A change that has reached Azure; it is in force at once, and reported as done later. */
  change(id: string, body: IdentityBody, ifMatch?: string): Done {
    const machine = this.machine(id);
    const refusal = this.#refusal(machine, body, ifMatch);
    if (refusal !== undefined) return { durationMs: 0, error: refusal };
    const failure = machine.failures.shift();
    const durationMs = this.#dice.between(200, 12_000);
    if (failure === "unavailable" || failure === "busy") return { durationMs: 0, error: later(failure, this.#dice) };
    if (failure === "before") return { durationMs: 0, error: troubled };
    this.#apply(machine, failure === "half" ? half(body) : body);
    machine.operation += 1;
    machine.busyUntil = this.#timeline.now + (failure === "never ends" ? STUCK_MS : durationMs);
    if (failure === "never ends") return { durationMs: Number.POSITIVE_INFINITY };
    return failure === undefined ? { durationMs } : { durationMs, error: failed };
  }

  /** All is well from now on, and machines that were deleted are there again, as new. */
  heal(): void {
    this.healMachines();
    this.refused.clear();
  }

  /** All is well but that some identities are refused. */
  healMachines(): void {
    this.throttledUntil = 0;
    this.isSignedOut = false;
    for (const machine of this.machines.values()) {
      machine.throttledUntil = 0;
      machine.busyUntil = 0;
      machine.othersUntil = 0;
      machine.beforeChange = undefined;
      machine.room = Number.POSITIVE_INFINITY;
      machine.failures.length = 0;
      machine.minded.clear();
      machine.state = "there";
    }
  }

  /** Somebody who is not MIC changes a machine, which takes its time and puts an end to what else was under way. */
  changeByOthers(id: string, ms: number, refusesMeanwhile: boolean): void {
    const machine = this.machine(id);
    machine.version += 1;
    machine.operation += 1;
    machine.busyUntil = 0;
    machine.othersUntil = this.#timeline.now + ms;
    machine.refusesMeanwhile = refusesMeanwhile;
  }

  /** Somebody deletes a machine in Azure. */
  remove(id: string, state: "Deleting" | "gone"): void {
    const machine = this.machine(id);
    machine.version += 1; // one that is there again later is another
    machine.state = state;
    machine.carried.clear();
    machine.hasSystem = false;
  }

  #refusal(machine: Machine, body: IdentityBody, ifMatch: string | undefined): ArmError | undefined {
    const { now } = this.#timeline;
    const { state, throttledUntil, othersUntil, refusesMeanwhile } = machine;
    if (this.isSignedOut) return notSignedIn;
    if (state !== "there") return state === "gone" ? notThere : leaving;
    if (now < this.throttledUntil) return throttled("SubscriptionRequestsThrottled", this.throttledUntil - now);
    if (now < throttledUntil) return throttled("OperationNotAllowed", throttledUntil - now);
    if (ifMatch !== undefined && ifMatch !== etagOf(machine)) {
      this.#tally.count("a change refused since the machine is not as it was seen");
      return changedMeanwhile;
    }
    if (now < othersUntil && refusesMeanwhile) {
      this.#tally.count("a change refused since somebody else changes the machine");
      return busyWithOthers;
    }
    return this.#refusalOf(machine, body);
  }

  /** What is wrong with the identities of a change, those that stay included. */
  #refusalOf({ carried, minded, room }: Machine, body: IdentityBody): ArmError | undefined {
    const { type, userAssignedIdentities = {} } = body;
    if (!/userassigned/i.test(type)) return undefined;
    const entries = Object.entries(userAssignedIdentities).map(([id, value]) => [id.toLowerCase(), value] as const);
    const removed = new Set(entries.flatMap(([id, value]) => (value === null ? [id] : [])));
    const added = entries.flatMap(([id, value]) => (value === null ? [] : [id]));
    const mindedLeft = [...minded].filter((id) => carried.has(id) && !removed.has(id));
    if (mindedLeft.length > 0) {
      this.#tally.count("a change refused for what the machine carries");
      return refusalOf(mindedLeft, "missing");
    }
    const bad = added.filter((id) => this.refused.has(id));
    if (bad.length > 0) return refusalOf(bad, this.refused.get(bad[0] ?? ""));
    const count = new Set([...carried.keys(), ...added].filter((id) => !removed.has(id))).size;
    if (count <= room || count <= carried.size) return undefined;
    this.#tally.count("a change refused for want of room");
    return noRoom(count, room);
  }

  #apply(machine: Machine, { type, userAssignedIdentities = {} }: IdentityBody): void {
    machine.version += 1;
    machine.othersUntil = 0;
    machine.hasSystem = /systemassigned/i.test(type);
    if (!/userassigned/i.test(type)) machine.carried.clear();
    for (const [id, value] of Object.entries(userAssignedIdentities)) {
      const key = id.toLowerCase();
      if (value === null) machine.carried.delete(key);
      else if (!machine.carried.has(key)) machine.carried.set(key, this.clientIds.get(key) ?? "");
    }
  }
}

export function etagOf({ version }: Machine): string {
  return `"${version}"`;
}

function newMachine(): Machine {
  return {
    hasSystem: false,
    carried: new Map(),
    state: "there",
    operation: 0,
    throttledUntil: 0,
    failures: [],
    version: 1,
    busyUntil: 0,
    othersUntil: 0,
    refusesMeanwhile: false,
    beforeChange: undefined,
    room: Number.POSITIVE_INFINITY,
    minded: new Set(),
  };
}

/** What is in force when Azure breaks off: the first entries. */
function half({ type, userAssignedIdentities }: IdentityBody): IdentityBody {
  if (userAssignedIdentities === undefined) return { type };
  const entries = Object.entries(userAssignedIdentities);
  return { type, userAssignedIdentities: Object.fromEntries(entries.slice(0, Math.ceil(entries.length / 2))) };
}
