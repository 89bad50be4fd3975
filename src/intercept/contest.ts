import type { Clock } from "../base/clock.ts";

type ContestOptions = {
  readonly clock: Clock;
  /** The longest pause between two takings of a place. */
  readonly intervalMs: number;
};

const FIRST_PAUSE_MS = 1000;

/** Others want the first place too; whoever insists against one that insists only wears the node out. */
export class Contest {
  readonly #options: ContestOptions;
  readonly #places = new Map<string, { times: number; nextAt: number }>();

  constructor(options: ContestOptions) {
    this.#options = options;
  }

  /** Whether to take the place again: at once, then after ever longer pauses. */
  isDue(chain: string): boolean {
    const { clock, intervalMs } = this.#options;
    const now = clock.monotonic();
    const place = this.#places.get(chain) ?? { times: 0, nextAt: now };
    if (now < place.nextAt) return false;
    const isCalm = now > place.nextAt + 10 * intervalMs;
    const times = isCalm ? 1 : place.times + 1;
    this.#places.set(chain, {
      times,
      nextAt: now + Math.min(intervalMs, FIRST_PAUSE_MS * 2 ** Math.min(times - 1, 20)),
    });
    return true;
  }

  /** The turn that was taken last led to nothing: it is due again at once. */
  giveBack(chain: string): void {
    const place = this.#places.get(chain);
    if (place !== undefined)
      this.#places.set(chain, { times: place.times - 1, nextAt: this.#options.clock.monotonic() });
  }

  /** How long until a place that was lost may be taken again. */
  restMs(): number {
    const now = this.#options.clock.monotonic();
    const waits = [...this.#places.values()].map(({ nextAt }) => nextAt - now).filter((ms) => ms > 0);
    return Math.min(Number.POSITIVE_INFINITY, ...waits);
  }
}
