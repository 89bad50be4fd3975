import { resourceKey } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import type { IdentityWish } from "./identity-patch.ts";
import type { MachineCalls } from "./machine-calls.ts";
import type { Quarantine } from "./quarantine.ts";

/** What a machine shall carry. */
export type MachineWish = IdentityWish & {
  /**
   * Client IDs by resource ID. Taken off, then put on again, where they are on the machine with that client ID; only put on
   * where they are not on it.
   */
  readonly renew?: ReadonlyMap<string, string>;
  /** What pods need on the machine by now, whatever was wished: asked right before each change, and not taken off. */
  readonly neededNow?: () => ReadonlySet<string>;
  /** Hears of a change by somebody else that is waited for, and how long at most, in milliseconds. */
  readonly onBusy?: (state: string, longestMs: number) => void;
};

/** With nothing left out, and IDs once each, in the spelling of `resourceKey`. */
export type WholeWish = Required<Omit<MachineWish, "onBusy">>;

export function wholeWish({ attach, detach, renew, neededNow = () => new Set() }: MachineWish): WholeWish {
  const renewed = [...(renew ?? [])].map(([id, clientId]) => [resourceKey(id), clientId] as const);
  return { attach: keys(attach), detach: keys(detach), renew: new Map(renewed), neededNow };
}

function keys(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.map(resourceKey))];
}

/** An identity that Azure refuses, and when it is worth a new attempt, in milliseconds from now. */
export type Refusal = {
  readonly fault: Fault;
  readonly retryInMs: number;
  /** Azure has just been asked; otherwise it was left aside without asking. */
  readonly isNew: boolean;
};

/** What came of a wish; IDs in the spelling of `resourceKey`. */
export type PatchResult = {
  /** IDs that are now as wished, or pinned and therefore left where they are. */
  readonly done: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Refusal>;
  /** What stood in the way of all that is neither done nor refused, unless it only takes another change. */
  readonly fault: Fault | undefined;
  /** There is more to do, and room for it in so many milliseconds; absent when nothing is left but what has a fault. */
  readonly goOnInMs?: number;
};

export type MachineChangeOptions = {
  readonly calls: MachineCalls;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  /** How often the rest of a change is sent whole, after identities that Azure named were set aside; then in halves. */
  readonly maxRetries: number;
  /** Between a change that was refused and what is left of it. */
  readonly retryIntervalMs: number;
  /** How long the next PATCH would have to wait for its turn if it were to leave room for so many more, in milliseconds. */
  readonly delayMs: (spare: number) => number;
  readonly onSpared: (ids: readonly string[]) => void;
};
