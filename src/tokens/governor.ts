import { type Clock, realClock } from "../base/clock.ts";
import { raceAbort } from "../base/single-flight.ts";

/** IMDS allows 5 token requests at once and 20 a second for the whole VM; some is left for others on the node. */
export const imdsLimits = { atOnce: 4, perSecond: 15 } as const;

export type GovernorOptions = { readonly atOnce: number; readonly perSecond: number; readonly clock?: Clock };

/**
 * Lets calls through first come, first served: at most `atOnce` under way and `perSecond` begun within any second,
 * and none until a pause that the other side asked for is over.
 */
export class Governor {
  readonly #options: GovernorOptions;
  readonly #clock: Clock;
  readonly #starts: number[] = [];
  #turn: Promise<void> = Promise.resolve();
  #running = 0;
  #pausedUntil = 0;
  #freed: (() => void) | undefined;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Runs the call when its turn comes; a caller that leaves while it waits gives its turn away. */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#admitted(signal);
    try {
      await raceAbort(turn, signal);
    } catch (reason) {
      turn.then(
        () => this.#end(),
        () => {},
      );
      throw reason;
    }
    try {
      return await call();
    } finally {
      this.#end();
    }
  }

  /** Lets nothing begin for that long: the other side said that it is too much. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + ms);
  }

  #admitted(signal: AbortSignal): Promise<void> {
    const turn = this.#turn.then(() => this.#begin(signal));
    this.#turn = turn.catch(() => {}); // who left early tells its own caller, the next in line goes on
    return turn;
  }

  async #begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#running >= this.#options.atOnce) await this.#free(signal);
    for (let wait = this.#waitMs(); wait > 0; wait = this.#waitMs()) await this.#clock.sleep(wait, signal);
    this.#running += 1;
    this.#starts.push(this.#clock.monotonic());
    if (this.#starts.length > this.#options.perSecond) this.#starts.shift();
  }

  #waitMs(): number {
    const now = this.#clock.monotonic();
    const oldest = this.#starts.length < this.#options.perSecond ? undefined : this.#starts[0];
    return Math.ceil(Math.max(this.#pausedUntil - now, oldest === undefined ? 0 : oldest + 1000 - now));
  }

  #end(): void {
    this.#running -= 1;
    this.#freed?.();
  }

  #free(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      this.#freed = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
    });
  }
}
