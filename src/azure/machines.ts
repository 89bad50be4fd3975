import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Compute } from "./compute.ts";
import { type IdentityWish, identityPatches, patched } from "./identity-patch.ts";
import { type ArmCall, type Found, MachineCalls } from "./machine-calls.ts";

export type MachinesOptions = {
  readonly compute: Compute;
  /** Client IDs, in lower case, of identities that are never taken off a machine, whoever wishes it. */
  readonly pinnedClientIds?: () => ReadonlySet<string>;
  readonly clock?: Clock;
  /** Hears of every call. */
  readonly onCall?: (call: ArmCall) => void;
  /** Hears of pinned identities that were to be taken off a machine. */
  readonly onSpared?: (machine: string, ids: readonly string[]) => void;
};

/** What came of a wish: IDs that are now as wished, or pinned and therefore left where they are, and what stood in the way of the others. */
export type PatchResult = {
  readonly done: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Refusal>;
  readonly fault: Fault | undefined;
};
/** An identity that Azure refuses, and when it is worth a new attempt. */
type Refusal = { readonly fault: Fault; readonly retryInMs: number; readonly isNew: boolean };
const none: ReadonlyMap<string, Refusal> = new Map();

/** The identities of VMs and scale sets: what to ask of Azure, when, and what its answers mean. */
export class ArmMachines {
  readonly #options: MachinesOptions;
  readonly #calls: MachineCalls;

  constructor(options: MachinesOptions) {
    const { compute, clock = realClock, pinnedClientIds = () => new Set<string>(), onCall } = options;
    this.#options = options;
    this.#calls = new MachineCalls({ compute, clock, pinnedClientIds, onCall });
  }

  /** The identities of a machine. @throws Fault ARM_* */
  async read(machineId: string, signal: AbortSignal): Promise<Found> {
    return (await this.#calls.read(machineId, signal)).found;
  }

  /** How long until there is room for a change of the machine, in milliseconds. */
  delayMs(_machineId: string): number {
    return 0;
  }

  /**
   * Makes a machine carry what is wished, and resolves when Azure has done it. Failures are part of the result; it
   * rejects only with the signal's reason.
   */
  async patch(machineId: string, wish: IdentityWish, signal: AbortSignal): Promise<PatchResult> {
    if (wish.attach.length + wish.detach.length === 0) return { done: new Set(), refused: none, fault: undefined };
    let current: Found | undefined;
    try {
      current = await this.read(machineId, signal);
      for (const patch of identityPatches(current, this.#sparing(machineId, current, wish))) {
        await this.#calls.update(machineId, patch, signal);
        current = { ...current, ...patched(current, patch) };
      }
      return { done: fulfilled(current, wish), refused: none, fault: undefined };
    } catch (reason) {
      signal.throwIfAborted();
      const fault = Fault.from(reason);
      // A machine that is gone is rid of all its identities.
      if (fault.code === "ARM_NOT_FOUND") return { done: new Set(wish.detach), refused: none, fault };
      return { done: current === undefined ? new Set() : fulfilled(current, wish), refused: none, fault };
    }
  }

  /** The wish without what is pinned: the cluster's objects may give an identity any client ID, only Azure's counts. */
  #sparing(machineId: string, { pinned }: Found, { attach, detach }: IdentityWish): IdentityWish {
    const spared = detach.filter((id) => pinned.has(id));
    if (spared.length > 0) this.#options.onSpared?.(machineId, spared);
    return { attach, detach: detach.filter((id) => !pinned.has(id)) };
  }
}

function fulfilled({ userAssigned, pinned }: Found, { attach, detach }: IdentityWish): ReadonlySet<string> {
  const isOff = (id: string) => !userAssigned.has(id) || pinned.has(id);
  return new Set([...attach.filter((id) => userAssigned.has(id)), ...detach.filter(isOff)]);
}
