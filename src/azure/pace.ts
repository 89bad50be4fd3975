import type { Clock } from "../base/clock.ts";

export type PaceOptions = {
  readonly clock: Clock;
  /** How long the next PATCH would have to wait for its turn if it were to leave room for so many more, in milliseconds. */
  readonly delayMs: (spare: number) => number;
};

/** Then the next change takes over, with what is wished by then. */
const MOST_PATCHES = 4;
/** Each may take a quarter of an hour; MIC counts as stuck when a change takes twice as long. */
const LATEST_PATCH_MS = 10 * 60_000;
/** The search for bad identities leaves room for one that a new pod needs. */
const SPARE = 1;

/** How long one change of a machine may go on. */
export class Pace {
  readonly #options: PaceOptions;
  readonly #startedAt: number;
  #sent = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  /** A PATCH is sent. */
  step(): void {
    this.#sent += 1;
  }

  /** How long the next PATCH has to wait for a change of its own; undefined when it may go in this one. */
  waitMs(isSearch: boolean): number | undefined {
    if (this.#sent === 0 && !isSearch) return undefined;
    const { clock, delayMs } = this.#options;
    const waitMs = delayMs(isSearch ? SPARE : 0);
    const isLong = this.#sent >= MOST_PATCHES || clock.monotonic() - this.#startedAt > LATEST_PATCH_MS;
    return isLong || waitMs > 0 ? waitMs : undefined;
  }
}
