import type { Clock } from "../base/clock.ts";
import { raceAbort } from "../base/single-flight.ts";

export type TriggerOptions = {
  readonly clock: Clock;
  /** A burst is over when nothing has come for so long, or for a quarter of the time that it has lasted… */
  readonly quietMs: number;
  /** …and is not waited for any longer than this. */
  readonly longestMs: number;
};

/** What has gone on for a second pauses for longer than what has just begun, and is not over then. */
const QUIET_SHARE = 1 / 4;

/** Makes one call of a burst of them. */
export class Trigger {
  readonly #options: TriggerOptions;
  #fired = Promise.withResolvers<void>();
  #count = 0;
  #since: number | undefined;

  constructor(options: TriggerOptions) {
    this.#options = options;
  }

  fire(): void {
    this.#count += 1;
    this.#since ??= this.#options.clock.monotonic();
    this.#fired.resolve();
  }

  /** Fires again and again until the signal aborts. */
  async fireEvery(ms: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(ms, signal).catch(() => {}); // rejected: the loop ends by the signal
      this.fire();
    }
  }

  /** How long something that was fired has waited to be taken. */
  get waitingMs(): number {
    return this.#since === undefined ? 0 : this.#options.clock.monotonic() - this.#since;
  }

  /** Resolves when it was fired and the burst is over; rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<void> {
    const { clock, quietMs, longestMs } = this.#options;
    await raceAbort(this.#fired.promise, signal);
    const begin = clock.monotonic();
    const lastedMs = () => clock.monotonic() - begin;
    for (let seen = -1; seen !== this.#count && lastedMs() < longestMs; ) {
      seen = this.#count;
      const pauseMs = Math.max(quietMs, lastedMs() * QUIET_SHARE);
      await clock.sleep(Math.min(pauseMs, longestMs - lastedMs()), signal);
    }
    this.#fired = Promise.withResolvers();
    this.#since = undefined;
  }
}
