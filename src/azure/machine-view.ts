import { isSameClientId } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { type IdentityPatch, patched } from "./identity-patch.ts";
import { type Found, isSettled, type Look, type MachineCalls } from "./machine-calls.ts";
import type { MachineWish } from "./machine-wish.ts";

/**
 * A change is sent only on a look that is not older: it says what kinds of identities the machine keeps, and its owner
 * may have given it another kind since. Shorter, and what is read would be old when it has come over the network.
 */
const FRESH_MS = 1_000;
/** Scale sets may be stuck for hours as `Updating`, and take changes nevertheless. */
const LONGEST_WAIT_MS = 2 * 60_000;
/** Most changes by others are done soon; later on, no more often than there is room for reads of one machine. */
const PAUSES_MS = [2_000, 3_000, 5_000];
const PAUSE_MS = 10_000;

export type MachineViewOptions = {
  readonly calls: MachineCalls;
  readonly clock: Clock;
  /** Hears of a change by somebody else that is waited for, and how long at most, in milliseconds. */
  readonly onBusy: ((state: string, longestMs: number) => void) | undefined;
};

/** One machine as Azure has shown it last, and what MIC has changed since. */
export class MachineView {
  readonly #machine: string;
  readonly #options: MachineViewOptions;
  readonly #signal: AbortSignal;
  /** Client IDs of those that are on the machine as they were before they were created anew; none seen otherwise since. */
  readonly #stale = new Map<string, string>();
  #found: Found | undefined;
  #etag: string | undefined;
  #state = "";
  /** For how long a change by somebody else had been seen under way. */
  #busyMs: number | undefined;
  /** In monotonic milliseconds. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(machine: string, options: MachineViewOptions, signal: AbortSignal) {
    this.#machine = machine;
    this.#options = options;
    this.#signal = signal;
  }

  /** What is on the machine. */
  get here(): Found {
    if (this.#found === undefined) throw new Error("the machine has not been read");
    return this.#found;
  }

  /** Of the machine as it was seen; undefined where Azure tells none. */
  get etag(): string | undefined {
    return this.#etag;
  }

  /**
   * Looks, unless it has just been done. Resolves with how long to wait, at most, for somebody else's change that is
   * under way: one of ours would put an end to it. @throws Fault ARM_*
   */
  async refresh(): Promise<number> {
    const { calls, clock } = this.#options;
    if (clock.monotonic() - this.#lookedAt > FRESH_MS) this.#take(await calls.read(this.#machine, this.#signal));
    return this.#busyMs === undefined ? 0 : Math.max(0, LONGEST_WAIT_MS - this.#busyMs);
  }

  /** Looks until no change by somebody else is under way, or has been for so long that it is stuck. @throws Fault ARM_* */
  async settle(): Promise<void> {
    const { clock, onBusy } = this.#options;
    for (let i = 0; ; i += 1) {
      const leftMs = await this.refresh();
      if (leftMs === 0) return;
      if (i === 0) onBusy?.(this.#state, leftMs);
      await clock.sleep(Math.min(PAUSES_MS[i] ?? PAUSE_MS, leftMs), this.#signal);
    }
  }

  /** The machine is not as it was seen: the next change looks first. */
  outdated(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#etag = undefined;
  }

  /** On the machine as they were before they were created anew. */
  get stale(): readonly string[] {
    return [...this.#stale.keys()];
  }

  isStale(id: string): boolean {
    return this.#stale.has(id);
  }

  /** Takes for stale what is on the machine with these client IDs, by resource ID, or with one that Azure does not tell. */
  suspect(clientIds: ReadonlyMap<string, string>): void {
    for (const [id, clientId] of clientIds) this.#stale.set(id, clientId);
    this.#clear(this.here);
  }

  /** What is on the machine as wished, or off it; pinned identities stay where they are. */
  fulfilled({ attach, detach, renew = new Map() }: MachineWish): readonly string[] {
    if (this.#found === undefined) return [];
    const { userAssigned, pinned } = this.#found;
    const isOn = (id: string) => userAssigned.has(id) && !this.isStale(id);
    const isOff = (id: string) => !userAssigned.has(id) || pinned.has(id);
    return [...[...attach, ...renew.keys()].filter(isOn), ...detach.filter(isOff)];
  }

  /** A change of ours is done. */
  changed(patch: IdentityPatch): void {
    this.#shows({ ...this.here, ...patched(this.here, patch) });
    this.outdated();
  }

  /** Takes over what Azure shows now, unless something is still under way there. @throws Fault ARM_NOT_FOUND */
  async lookAgain(): Promise<boolean> {
    this.outdated();
    const look = await this.#options.calls.read(this.#machine, this.#signal).catch((reason: unknown) => {
      this.#signal.throwIfAborted();
      if (Fault.is(reason, "ARM_NOT_FOUND")) throw reason;
    });
    if (look === undefined || !isSettled(look)) return false;
    this.#take(look);
    return true;
  }

  #take({ found, etag, state, busyMs }: Look): void {
    this.#shows(found);
    this.#etag = etag;
    this.#state = state;
    this.#busyMs = busyMs;
    this.#lookedAt = this.#options.clock.monotonic();
  }

  #shows(found: Found): void {
    this.#found = found;
    this.#clear(found);
  }

  #clear({ userAssigned, clientIds, pinned }: Found): void {
    for (const [id, clientId] of this.#stale) {
      const isAnew = !isSameClientId(clientIds.get(id) ?? clientId, clientId);
      if (!userAssigned.has(id) || pinned.has(id) || isAnew) this.#stale.delete(id);
    }
  }
}
