import { resourceKey } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Verb } from "./arm-budget.ts";
import type { ArmGate } from "./arm-gate.ts";
import { type Carried, type Compute, type Machine, machineOf } from "./compute.ts";
import type { IdentityPatch } from "./identity-patch.ts";

/** How the original's metrics call a request for a machine. */
type ArmOperation = "vm_get" | "vm_update" | "vmss_get" | "vmss_update";
export type ArmCall = {
  readonly operation: ArmOperation;
  readonly durationMs: number;
  readonly fault: Fault | undefined;
};

/** A machine's identities; IDs in the spelling of `resourceKey`. */
export type Found = {
  readonly type: string;
  readonly userAssigned: ReadonlySet<string>;
  /** Client IDs by resource ID, as Azure has them; absent where it does not say. */
  readonly clientIds: ReadonlyMap<string, string>;
  /** Those of them that are never taken off, by the client IDs that Azure says they have. */
  readonly pinned: ReadonlySet<string>;
};
/** What one look at a machine has shown. */
export type Look = {
  readonly found: Found;
  readonly state: string;
  readonly etag: string | undefined;
  /** For how long a change has been seen under way on the machine, in milliseconds; undefined when none is. */
  readonly busyMs: number | undefined;
};
/** What is to be changed, and the etag of the machine for which that was found out, where Azure told one. */
export type Change = { readonly patch: IdentityPatch; readonly etag: string | undefined };

/** Whether nothing is under way on the machine. */
export function isSettled({ state }: Look): boolean {
  return state === "Succeeded" || state === "";
}

export type MachineCallsOptions = {
  readonly compute: Compute;
  readonly gate: ArmGate;
  readonly clock: Clock;
  readonly pinnedClientIds: () => ReadonlySet<string>;
  readonly onCall: ((call: ArmCall) => void) | undefined;
};

/** States of a machine that a change by somebody else is about to end. */
const UNDER_WAY = new Set(["Creating", "Updating", "Migrating"]);
const LONGEST_READ_MS = 60_000;
/** The original gave up on an update after so long, too. */
const LONGEST_UPDATE_MS = 15 * 60_000;

/** Single requests for a machine: timed, told of, and ended when Azure takes too long. They throw Fault ARM_*. */
export class MachineCalls {
  readonly #options: MachineCallsOptions;
  /** Since when a change has been seen under way on a machine, in monotonic milliseconds. */
  readonly #busySince = new Map<string, number>();

  constructor(options: MachineCallsOptions) {
    this.#options = options;
  }

  async read(machineId: string, signal: AbortSignal): Promise<Look> {
    const machine = machineOf(machineId);
    const { compute, gate } = this.#options;
    const hear = gate.hearing("get", machine);
    await gate.enter("get", machine, signal);
    const carried = await this.#call(machine, "get", signal, (stop) => compute.get(machine, stop, hear));
    if (carried.state === "Deleting") {
      throw new Fault("ARM_NOT_FOUND", `${machineId} is being deleted in Azure`, { facts: { machine: machineId } });
    }
    const { state, etag } = carried;
    return { found: this.#found(carried), state, etag, busyMs: this.#busyMs(machine, state) };
  }

  /**
   * Changes the machine as `ready` says, which is asked when it is the change's turn: that may take a minute. Nothing
   * is sent where it has nothing to say. Resolves with what was changed.
   */
  async update(
    machineId: string,
    ready: () => Promise<Change | undefined>,
    signal: AbortSignal,
  ): Promise<IdentityPatch | undefined> {
    const machine = machineOf(machineId);
    const { compute, gate } = this.#options;
    await gate.enter("update", machine, signal);
    const change = await ready().catch((reason: unknown) => {
      gate.left("update", machine);
      throw reason;
    });
    if (change === undefined) {
      gate.left("update", machine);
      return undefined;
    }
    const { patch, etag } = change;
    const hear = gate.hearing("update", machine);
    await this.#call(machine, "update", signal, (stop) => compute.update(machine, patch, stop, { hear, etag }));
    return patch;
  }

  #busyMs({ id }: Machine, state: string): number | undefined {
    const key = resourceKey(id);
    if (!UNDER_WAY.has(state)) {
      this.#busySince.delete(key);
      return undefined;
    }
    const now = this.#options.clock.monotonic();
    const since = this.#busySince.get(key) ?? now;
    this.#busySince.set(key, since);
    return now - since;
  }

  #found({ type, clientIds }: Carried): Found {
    const pinned = this.#options.pinnedClientIds();
    const ours = [...clientIds].map(([id, clientId]) => [resourceKey(id), clientId] as const);
    return {
      type,
      userAssigned: new Set(ours.map(([id]) => id)),
      clientIds: new Map(ours.filter(([, clientId]) => clientId !== "")),
      pinned: new Set(ours.flatMap(([id, clientId]) => (pinned.has(clientId.toLowerCase()) ? [id] : []))),
    };
  }

  /** A call that has entered the gate. */
  async #call<T>(
    machine: Machine,
    verb: Verb,
    signal: AbortSignal,
    work: (stop: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, gate, onCall } = this.#options;
    const started = clock.monotonic();
    const limitMs = verb === "get" ? LONGEST_READ_MS : LONGEST_UPDATE_MS;
    const tell = (fault: Fault | undefined) => {
      const durationMs = clock.monotonic() - started;
      onCall?.({ operation: `${machine.isScaleSet ? "vmss" : "vm"}_${verb}`, durationMs, fault });
    };
    try {
      const result = await within(limitMs, { clock, signal }, work);
      gate.succeeded(verb, machine);
      tell(undefined);
      return result;
    } catch (reason) {
      if (signal.aborted) gate.left(verb, machine);
      signal.throwIfAborted();
      const fault = reason instanceof TooLate ? tooLate(machine.id, verb) : Fault.from(reason);
      gate.failed(verb, machine, fault);
      tell(fault);
      throw fault;
    }
  }
}

class TooLate extends Error {}

/** The work's outcome, or TooLate when it takes longer than `ms` of the clock's time: it is told to stop then. */
async function within<T>(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(ms, over.signal).then(
    () => late.abort(new TooLate()),
    () => {}, // the work ended first
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } catch (reason) {
    throw late.signal.aborted ? late.signal.reason : reason;
  } finally {
    over.abort();
  }
}

function tooLate(machine: string, verb: Verb): Fault {
  const facts = { facts: { machine } };
  if (verb === "get") {
    const message = `Azure Resource Manager does not answer within ${LONGEST_READ_MS / 1000} s: check the network and the cloud's endpoints`;
    return new Fault("ARM_UNREACHABLE", message, facts);
  }
  const message = `Azure did not finish with ${machine} within ${LONGEST_UPDATE_MS / 60_000} minutes; MIC looks again`;
  return new Fault("ARM_ERROR", message, facts);
}
