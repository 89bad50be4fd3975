import type { Clock } from "../base/clock.ts";

/** Waits between tries, one at a time, which others may end early. */
export class Pause {
  readonly #clock: Clock;
  #end: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Over after so many milliseconds, or when the signal aborts, or when it may be ended early and is. */
  async over(ms: number, mayEndEarly: boolean, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    if (mayEndEarly) this.#end = end;
    await this.#clock.sleep(ms, AbortSignal.any([signal, end.signal])).catch(() => {}); // the caller sees the signal
    this.#end = undefined;
  }

  /** Ends the pause under way if it may be. */
  end(): void {
    this.#end?.abort();
  }
}
