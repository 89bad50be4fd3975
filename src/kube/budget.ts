import { type Clock, realClock } from "../base/clock.ts";

export type BudgetOptions = {
  /** Requests a second over time; Infinity for no limit. */
  readonly qps: number;
  /** How many may go at once after a quiet time. */
  readonly burst: number;
  readonly clock?: Clock;
};

/** A token bucket: each request takes a place, and waits in order while none is free. */
export class Budget {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #places: number;
  #at: number;

  constructor({ qps, burst, clock = realClock }: BudgetOptions) {
    this.#qps = qps;
    this.#burst = burst;
    this.#clock = clock;
    this.#places = burst;
    this.#at = clock.monotonic();
  }

  /** Resolves when the request may go. One that is aborted while it waits gives its place back. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#qps === Number.POSITIVE_INFINITY) return;
    const now = this.#clock.monotonic();
    this.#places = Math.min(this.#burst, this.#places + ((now - this.#at) * this.#qps) / 1000) - 1;
    this.#at = now;
    if (this.#places >= 0) return;
    try {
      await this.#clock.sleep((-this.#places / this.#qps) * 1000, signal);
    } catch (reason) {
      this.#places += 1;
      throw reason;
    }
  }
}
