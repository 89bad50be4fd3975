import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { Buckets } from "./buckets.ts";

/** Tokens that a pod may have fetched: so many at once, and then so many a minute. */
const MISSES = { capacity: 20, perMinute: 120 } as const;

export type MissLimitOptions = {
  readonly clock: Clock;
  readonly onRefused?: (podUid: string) => void;
};

/** How often each pod may have a token fetched, so that one that asks for ever new ones does not hold up the others. */
export class MissLimit {
  readonly #options: MissLimitOptions;
  readonly #buckets: Buckets;

  constructor(options: MissLimitOptions) {
    this.#options = options;
    this.#buckets = new Buckets(MISSES, options.clock);
  }

  /** @throws Fault LIMIT_REACHED */
  readonly take = (podUid: string): void => {
    if (this.#buckets.take(podUid)) return;
    this.#options.onRefused?.(podUid);
    const { capacity, perMinute } = MISSES;
    const limits = `${capacity} at once and ${perMinute} a minute`;
    throw new Fault("LIMIT_REACHED", `the pod had too many tokens fetched, ${limits} at most: ask again later`);
  };

  /** How many pods are kept count of. */
  get size(): number {
    return this.#buckets.size;
  }
}
