import type { Clock } from "../base/clock.ts";
import { Contest } from "./contest.ts";
import type { Drift } from "./drift.ts";

/** What overrules a chain is put behind it once in so long: often enough for pods, and no program spins. */
const OVERRULED_MS = 1000;

type TurnsOptions = {
  readonly clock: Clock;
  /** The longest pause where nobody is harmed by one. */
  readonly intervalMs: number;
};

/** When a chain is put right: one that is broken at once, the first place among rules that let packets pass less and less. */
export class Turns {
  readonly #places: Contest;
  readonly #overruled: Contest;
  readonly #removals: Contest;

  constructor({ clock, intervalMs }: TurnsOptions) {
    this.#places = new Contest({ clock, intervalMs });
    this.#removals = new Contest({ clock, intervalMs });
    this.#overruled = new Contest({ clock, intervalMs: OVERRULED_MS });
  }

  isDue({ chain, harm }: Drift): boolean {
    if (harm === "broken") return true;
    return (harm === "overruled" ? this.#overruled : this.#places).isDue(chain.name);
  }

  /** Whether to remove a chain that is not wanted: another NMI, which wants it, lays it again until it stops. */
  isDueWithout(chain: string): boolean {
    return this.#removals.isDue(chain);
  }

  /** How long until what was not due may be. */
  restMs(): number {
    return Math.min(...[this.#places, this.#overruled, this.#removals].map((contest) => contest.restMs()));
  }
}
