import type { Clock } from "../base/clock.ts";

/** A request that has waited for longer hangs if the server answers others: it may have been sent into an outage. */
const HANGING_MS = 1_000;

/** A request whose answer begins soon, as of a watch, one at a time; a list is none, since a large one takes its time. */
export class Asking {
  readonly #clock: Clock;
  #since = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async for<T>(answer: Promise<T>): Promise<T> {
    this.#since = this.#clock.monotonic();
    try {
      return await answer;
    } finally {
      this.#since = Number.POSITIVE_INFINITY;
    }
  }

  /** Whether there is one that hangs, where the server is known to answer. */
  get isHanging(): boolean {
    return this.#clock.monotonic() - this.#since > HANGING_MS;
  }
}
