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
export type Look = { readonly found: Found; readonly state: string };

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

const LONGEST_READ_MS = 60_000;
/** The original gave up on an update after so long, too. */
const LONGEST_UPDATE_MS = 15 * 60_000;

/** Single requests for a machine: timed, told of, and ended when Azure takes too long. They throw Fault ARM_*. */
export class MachineCalls {
  readonly #options: MachineCallsOptions;

  constructor(options: MachineCallsOptions) {
    this.#options = options;
  }

  async read(machineId: string, signal: AbortSignal): Promise<Look> {
    const machine = machineOf(machineId);
    const { compute, gate } = this.#options;
    const hear = gate.hearing("get", machine);
    const carried = await this.#call(machine, "get", signal, (stop) => compute.get(machine, stop, hear));
    if (carried.state === "Deleting") {
      throw new Fault("ARM_NOT_FOUND", `${machineId} is being deleted in Azure`, { facts: { machine: machineId } });
    }
    return { found: this.#found(carried), state: carried.state };
  }

  async update(machineId: string, patch: IdentityPatch, signal: AbortSignal): Promise<void> {
    const machine = machineOf(machineId);
    const { compute, gate } = this.#options;
    const hear = gate.hearing("update", machine);
    await this.#call(machine, "update", signal, (stop) => compute.update(machine, patch, stop, hear));
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

  async #call<T>(
    machine: Machine,
    verb: Verb,
    signal: AbortSignal,
    work: (stop: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, gate, onCall } = this.#options;
    await gate.enter(verb, machine, signal);
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
