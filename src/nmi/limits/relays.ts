import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { Governor } from "../../tokens/governor.ts";
import { Buckets } from "./buckets.ts";

/** Requests of one address that are passed on, tokens apart: so many at once, and then so many a minute. */
const RELAYS = { capacity: 40, perMinute: 600 } as const;
/** Those of the whole node. The metadata service itself throttles a machine sooner where they go on for long. */
const NODE_RELAYS = { atOnce: 16, perSecond: 200 } as const;
/** Those of one address under way at once: a few pods that the service leaves without an answer take no others' places. */
const MOST_AT_ONCE = 4;
/** Who waits for a turn longer than that asks again. */
const PATIENCE_MS = 10_000;

export type RelayLimitOptions = {
  readonly clock: Clock;
  readonly onRefused?: (address: string) => void;
};

/**
 * How often each pod may have the metadata service asked for something else than a token, and how many of these calls
 * are under way at once, of each pod and of all. Those that wait for a turn take turns by address.
 */
export class RelayLimit {
  readonly #options: RelayLimitOptions;
  readonly #buckets: Buckets;
  readonly #turns: Governor;
  /** Of each address with requests under way, how many of them and their turns among themselves. */
  readonly #own = new Map<string, { requests: number; readonly turns: Governor }>();

  constructor(options: RelayLimitOptions) {
    this.#options = options;
    this.#buckets = new Buckets(RELAYS, options.clock);
    this.#turns = new Governor({ ...NODE_RELAYS, clock: options.clock });
  }

  /** Makes the call once its turn has come. @throws Fault LIMIT_REACHED, or whatever the call throws */
  async run<T>(address: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (!this.#buckets.take(address)) {
      this.#options.onRefused?.(address);
      const limits = `${RELAYS.capacity} at once and ${RELAYS.perMinute / 60} a second`;
      const message = `the pod asked the metadata service for too much, ${limits} at most: ask again later`;
      throw new Fault("LIMIT_REACHED", message);
    }
    const until = this.#options.clock.monotonic() + PATIENCE_MS;
    const turn = () => ({ of: address, patienceMs: Math.max(0, until - this.#options.clock.monotonic()) });
    const inTurn = () => this.#turns.run(call, turn(), signal);
    const own = this.#own.get(address) ?? { requests: 0, turns: this.#ownTurns() };
    this.#own.set(address, own);
    own.requests += 1;
    try {
      return await own.turns.run(inTurn, turn(), signal);
    } finally {
      own.requests -= 1;
      if (own.requests === 0) this.#own.delete(address);
    }
  }

  #ownTurns(): Governor {
    return new Governor({ ...NODE_RELAYS, atOnce: MOST_AT_ONCE, clock: this.#options.clock });
  }
}
