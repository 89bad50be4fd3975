import type { Clock } from "../base/clock.ts";
import { Contest } from "./contest.ts";
import type { Drift } from "./drift.ts";

/** What overrules a chain is put behind it once in so long: often enough for pods, and no program spins. */
const OVERRULED_MS = 1000;

/** While a rival's rules may stand one looks so often, since nothing tells that it stopped and its port refuses pods. */
const RIVAL_LOOK_MS = 250;

export type TurnsOptions = {
  readonly clock: Clock;
  /** The longest pause where nobody is harmed by one. */
  readonly intervalMs: number;
  /** Whether any program of the node listens at a port. */
  readonly isListening: (port: number) => boolean;
};

/** When a chain is put right: at once where it is broken, less and less often where others have it otherwise and pods are served all the same. */
export class Turns {
  readonly #places: Contest;
  readonly #overruled: Contest;
  readonly #removals: Contest;
  readonly #rivals: Contest;
  readonly #isListening: (port: number) => boolean;

  constructor({ clock, intervalMs, isListening }: TurnsOptions) {
    this.#isListening = isListening;
    this.#rivals = new Contest({ clock, intervalMs });
    this.#places = new Contest({ clock, intervalMs });
    this.#removals = new Contest({ clock, intervalMs });
    this.#overruled = new Contest({ clock, intervalMs: OVERRULED_MS });
  }

  isDue(drift: Drift): boolean {
    const { name } = drift.chain;
    switch (drift.harm) {
      case "broken":
        return true;
      case "overruled":
        return this.#overruled.isDue(name);
      case "rival": // pods are served there; two that both insist would serve them no better
        return this.#rivals.isDue(name) || this.#servesAlone(drift);
      case "late":
        return this.#places.isDue(name);
    }
  }

  /** Whether pods are served at this NMI's port and not at its rival's. Where neither serves yet, both would hurry without end. */
  #servesAlone({ rivalPort, ownPort }: { readonly rivalPort: number; readonly ownPort: number }): boolean {
    return !this.#isListening(rivalPort) && this.#isListening(ownPort);
  }

  /** Whether to remove a chain that is not wanted: another NMI, which wants it, lays it again until it stops. */
  isDueWithout(chain: string): boolean {
    return this.#removals.isDue(chain);
  }

  /** A chain that was due to be removed is still there. */
  failedWithout(chain: string): void {
    this.#removals.giveBack(chain);
  }

  /** How long until what was not due may be. */
  restMs(): number {
    const rests = [this.#places, this.#overruled, this.#removals].map((contest) => contest.restMs());
    const rivalMs = this.#rivals.restMs();
    return Math.min(...rests, Number.isFinite(rivalMs) ? Math.min(RIVAL_LOOK_MS, rivalMs) : rivalMs);
  }
}
