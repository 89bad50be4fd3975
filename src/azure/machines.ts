import { parseResourceId } from "../api/resource-id.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { ArmGate } from "./arm-gate.ts";
import type { BreakerState } from "./breaker.ts";
import { type Compute, machineOf } from "./compute.ts";
import { type ArmCall, type Found, MachineCalls } from "./machine-calls.ts";
import { MachineChange } from "./machine-change.ts";
import type { MachineWish, PatchResult } from "./machine-wish.ts";
import { Quarantine } from "./quarantine.ts";

export type MachinesOptions = {
  readonly compute: Compute;
  /** Client IDs, in lower case, of identities that are never taken off a machine, whoever wishes it. */
  readonly pinnedClientIds?: () => ReadonlySet<string>;
  readonly clock?: Clock;
  /** From 0 to 1, spreads pauses. */
  readonly random?: () => number;
  /**
   * How often, within one patch, the rest of a change is sent whole after Azure has refused it and named identities,
   * which are set aside. After so many refusals the rest goes in halves: each bad identity still costs one more
   * request at most, and the good ones get on sooner. `--update-user-msi-max-retry`
   */
  readonly maxRetries?: number;
  /** The pause between a change that was refused and what is left of it. `--update-user-msi-retry-interval` */
  readonly retryIntervalMs?: number;
  /** Hears of every call. */
  readonly onCall?: (call: ArmCall) => void;
  /** Hears of pinned identities that were to be taken off a machine. */
  readonly onSpared?: (machine: string, ids: readonly string[]) => void;
  /** Hears how long a call waits until Azure's limits leave room for it, in milliseconds. */
  readonly onWait?: (ms: number) => void;
  /** Hears when calls to a subscription are kept back, tried, or let go again. */
  readonly onBreaker?: (state: BreakerState, subscription: string, reason?: Fault) => void;
};

const MAX_RETRIES = 2;
const RETRY_INTERVAL_MS = 1_000;
/** As many as the changes of a minute take. */
const SPARE_READS = 8;

/** The identities of VMs and scale sets: what to ask of Azure, when, and what its answers mean. */
export class ArmMachines {
  readonly #options: MachinesOptions;
  readonly #clock: Clock;
  readonly #gate: ArmGate;
  readonly #calls: MachineCalls;
  readonly #quarantine: Quarantine;

  constructor(options: MachinesOptions) {
    const { compute, clock = realClock, random = Math.random } = options;
    const { pinnedClientIds = () => new Set<string>(), onCall, onWait, onBreaker } = options;
    this.#options = options;
    this.#clock = clock;
    this.#gate = new ArmGate({ clock, random, onWait, onBreaker });
    this.#calls = new MachineCalls({ compute, gate: this.#gate, clock, pinnedClientIds, onCall });
    this.#quarantine = new Quarantine({ clock, random });
  }

  /** The identities of a machine. @throws Fault ARM_* */
  async read(machineId: string, signal: AbortSignal): Promise<Found> {
    return (await this.#calls.read(machineId, signal)).found;
  }

  /** Whether a read that nobody waits for leaves room for changes: these go first, and read the machine, too. */
  mayRead(machineId: string): boolean {
    return parseResourceId(machineId) === undefined || this.#gate.readDelayMs(machineOf(machineId), SPARE_READS) === 0;
  }

  /** How long until there is room for a change of the machine, in milliseconds. */
  delayMs(machineId: string): number {
    // What is no machine waits for nothing: the patch tells what is wrong.
    return parseResourceId(machineId) === undefined ? 0 : this.#gate.delayMs(machineOf(machineId));
  }

  /** How many identities Azure refuses. */
  get quarantined(): number {
    return this.#quarantine.size;
  }

  /** MIC signs in as somebody else from now on: what was refused may be taken. */
  accessChanged(): void {
    this.#quarantine.releaseAll();
    this.#gate.reset();
  }

  /**
   * Makes a machine carry what is wished, and resolves when Azure has done it. Failures are part of the result; it
   * rejects only with the signal's reason.
   */
  async patch(machineId: string, wish: MachineWish, signal: AbortSignal): Promise<PatchResult> {
    const { attach, detach, renew } = wish;
    if (attach.length + detach.length + (renew?.size ?? 0) === 0) return failed(undefined);
    try {
      this.#gate.check("update", machineOf(machineId));
    } catch (reason) {
      return failed(Fault.from(reason));
    }
    const { maxRetries = MAX_RETRIES, retryIntervalMs = RETRY_INTERVAL_MS, onSpared } = this.#options;
    const options = {
      calls: this.#calls,
      quarantine: this.#quarantine,
      clock: this.#clock,
      maxRetries,
      retryIntervalMs,
      delayMs: (spare: number) => this.#gate.updateDelayMs(machineOf(machineId), spare),
      onSpared: (ids: readonly string[]) => onSpared?.(machineId, ids),
    };
    return await new MachineChange(machineId, wish, options, signal).run();
  }
}

function failed(fault: Fault | undefined): PatchResult {
  return { done: new Set(), refused: new Map(), fault };
}
