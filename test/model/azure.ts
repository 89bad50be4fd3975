import type { Dice } from "./dice.ts";
import { MACHINE_IDS, OWN, RESOURCES, resourceIdOf } from "./names.ts";
import type { Timeline } from "./timeline.ts";

/** The `identity` of a PATCH as it goes over the wire. */
export type IdentityBody = {
  readonly type: string;
  readonly userAssignedIdentities?: Readonly<Record<string, object | null>>;
};
/** What Azure answers in place of an operation. */
export type ArmError = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
};
/** What becomes of the next change of a machine that would have gone well. */
export type Failure = "before" | "after" | "half" | "never ends" | "unavailable" | "busy";
/** How Azure refuses an identity. */
export type Refusing = "named" | "unnamed" | "missing";

/** A VM or scale set: what it carries, by resource ID in lower case, with the client ID that each had when it was put on. */
export type Machine = {
  hasSystem: boolean;
  readonly carried: Map<string, string>;
  state: "there" | "Deleting" | "gone";
  /** The change under way. */
  operation: number;
  throttledUntil: number;
  readonly failures: Failure[];
};
export type Done = { readonly durationMs: number; readonly error?: ArmError };

/** Azure's side: machines with identities, and all the trouble it makes. */
export class Azure {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly machines: ReadonlyMap<string, Machine>;
  /** By resource ID, the client ID that the identity has in Azure now. */
  readonly clientIds = new Map<string, string>();
  readonly refused = new Map<string, Refusing>();
  /** Until when all changes in the subscription are refused. */
  throttledUntil = 0;

  constructor(timeline: Timeline, dice: Dice) {
    this.#timeline = timeline;
    this.#dice = dice;
    this.machines = new Map(MACHINE_IDS.map((id) => [id, newMachine()]));
    for (const name of [...RESOURCES, OWN]) this.clientIds.set(resourceIdOf(name), `client-of-${name}`);
  }

  machine(id: string): Machine {
    const found = this.machines.get(id);
    if (found === undefined) throw new Error(`MIC asked for a machine that the cluster does not have: ${id}`);
    return found;
  }

  /** A change that has reached Azure; it is in force at once, and reported as done later. */
  change(id: string, body: IdentityBody): Done {
    const machine = this.machine(id);
    const refusal = this.#refusal(machine, body);
    if (refusal !== undefined) return { durationMs: 0, error: refusal };
    const failure = machine.failures.shift();
    const durationMs = this.#dice.between(200, 12_000);
    if (failure === "unavailable" || failure === "busy") return { durationMs: 0, error: later(failure, this.#dice) };
    if (failure === "before")
      return { durationMs: 0, error: { status: 500, code: "InternalError", message: "trouble" } };
    this.#apply(machine, failure === "half" ? half(body) : body);
    machine.operation += 1;
    if (failure === "never ends") return { durationMs: Number.POSITIVE_INFINITY };
    if (failure === undefined) return { durationMs };
    return {
      durationMs,
      error: { status: 200, code: "OperationFailed", message: "The long-running operation has failed" },
    };
  }

  /** All is well from now on, and machines that were deleted are there again, as new. */
  heal(): void {
    this.throttledUntil = 0;
    this.refused.clear();
    for (const machine of this.machines.values()) {
      machine.throttledUntil = 0;
      machine.failures.length = 0;
      machine.state = "there";
    }
  }

  /** Somebody deletes a machine in Azure. */
  remove(id: string, state: "Deleting" | "gone"): void {
    const machine = this.machine(id);
    machine.state = state;
    machine.carried.clear();
    machine.hasSystem = false;
  }

  #refusal({ state, throttledUntil }: Machine, body: IdentityBody): ArmError | undefined {
    const { now } = this.#timeline;
    if (state === "gone") return notThere;
    if (state === "Deleting")
      return { status: 409, code: "OperationNotAllowed", message: "the machine is being deleted" };
    if (now < this.throttledUntil) return throttled("SubscriptionRequestsThrottled", this.throttledUntil - now);
    if (now < throttledUntil) return throttled("OperationNotAllowed", throttledUntil - now);
    const added = Object.entries(body.userAssignedIdentities ?? {}).flatMap(([id, value]) =>
      value === null ? [] : [id],
    );
    const bad = added.filter((id) => this.refused.has(id.toLowerCase()));
    return bad.length === 0 ? undefined : refusalOf(bad, this.refused.get(bad[0]?.toLowerCase() ?? ""));
  }

  #apply(machine: Machine, { type, userAssignedIdentities = {} }: IdentityBody): void {
    machine.hasSystem = /systemassigned/i.test(type);
    if (!/userassigned/i.test(type)) machine.carried.clear();
    for (const [id, value] of Object.entries(userAssignedIdentities)) {
      const key = id.toLowerCase();
      if (value === null) machine.carried.delete(key);
      else if (!machine.carried.has(key)) machine.carried.set(key, this.clientIds.get(key) ?? "");
    }
  }
}

export const notThere: ArmError = { status: 404, code: "ResourceNotFound", message: "The Resource was not found." };

function newMachine(): Machine {
  return { hasSystem: false, carried: new Map(), state: "there", operation: 0, throttledUntil: 0, failures: [] };
}

function throttled(code: string, ms: number): ArmError {
  return { status: 429, code, message: "too many requests", retryAfterSeconds: Math.ceil(ms / 1000) };
}

/** Azure is not ready for a change, and says when it will be. */
function later(failure: "unavailable" | "busy", dice: Dice): ArmError {
  const retryAfterSeconds = Math.ceil(dice.between(2, 90));
  if (failure === "unavailable")
    return { status: 503, code: "ServiceUnavailable", message: "come back later", retryAfterSeconds };
  return { status: 409, code: "Conflict", message: "another operation is in progress", retryAfterSeconds };
}

function refusalOf(ids: readonly string[], how: Refusing | undefined): ArmError {
  const quoted = ids.join(",");
  if (how === "missing") {
    return {
      status: 400,
      code: "FailedIdentityOperation",
      message: `Identity operation failed: '${quoted}' not found.`,
    };
  }
  const message =
    how === "named"
      ? `The client 'mic' has permission to perform action but not 'assign' on the linked scope(s) '${quoted}'.`
      : "The client 'mic' may not assign an identity.";
  return { status: 403, code: "LinkedAuthorizationFailed", message };
}

/** What is in force when Azure breaks off: the first entries. */
function half({ type, userAssignedIdentities }: IdentityBody): IdentityBody {
  if (userAssignedIdentities === undefined) return { type };
  const entries = Object.entries(userAssignedIdentities);
  return { type, userAssignedIdentities: Object.fromEntries(entries.slice(0, Math.ceil(entries.length / 2))) };
}
