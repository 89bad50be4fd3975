import { type Clock, realClock } from "../base/clock.ts";
import { TokenBucket } from "../base/token-bucket.ts";

export type BudgetOptions = {
  /** Requests a second over time; Infinity for no limit. */
  readonly qps: number;
  /** How many may go at once after a quiet time. */
  readonly burst: number;
  readonly clock?: Clock;
};

/** Room for requests: each takes a place, and waits in order while none is free. */
export class Budget {
  readonly #clock: Clock;
  /** Undefined where there is no limit. */
  readonly #places: TokenBucket | undefined;

  constructor({ qps, burst, clock = realClock }: BudgetOptions) {
    const size = { capacity: burst, perMinute: qps * 60 };
    this.#clock = clock;
    this.#places = qps === Number.POSITIVE_INFINITY ? undefined : new TokenBucket(size, clock);
  }

  /** Resolves when the request may go. One that is aborted while it waits gives its place back. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waitMs = this.#places?.take() ?? 0;
    if (waitMs === 0) return;
    try {
      await this.#clock.sleep(waitMs, signal);
    } catch (reason) {
      this.#places?.giveBack();
      throw reason;
    }
  }
}
