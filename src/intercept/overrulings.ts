import type { Clock } from "../base/clock.ts";
import type { Drift } from "./drift.ts";

/** What overruled a chain, was put behind it and came back counts as gone once it stayed away so long. */
const CALM_MS = 10_000;

type Overruling = {
  readonly drift: Drift;
  /** When a look found it last. */
  readonly at: number;
  readonly isPutRight: boolean;
  readonly isContested: boolean;
};

/**
 * Which chains another program overrules again and again. Between two such times a chain stands for moments, which say
 * nothing: readiness that followed them would change several times a second.
 */
export class Overrulings {
  readonly #clock: Clock;
  readonly #last = new Map<string, Overruling>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A look found these; those count that are overruled. */
  found(drifts: readonly Drift[]): void {
    const at = this.#clock.monotonic();
    for (const drift of drifts) {
      const { name } = drift.chain;
      if (drift.harm !== "overruled") continue;
      const before = this.#recent().find((one) => one.drift.chain.name === name);
      const isContested = before?.isPutRight === true || before?.isContested === true;
      this.#last.set(name, { drift, at, isPutRight: false, isContested });
    }
  }

  /** These were put right: whatever overrules them from now on came back. */
  putRight(drifts: readonly Drift[]): void {
    for (const { chain } of drifts) {
      const last = this.#last.get(chain.name);
      if (last !== undefined) this.#last.set(chain.name, { ...last, isPutRight: true });
    }
  }

  /** What chains that are contested looked like when they were overruled last. */
  get contested(): Drift[] {
    return this.#recent().flatMap(({ isContested, drift }) => (isContested ? [drift] : []));
  }

  /** Milliseconds until the next of them counts as left alone. */
  restMs(): number {
    const now = this.#clock.monotonic();
    const contested = this.#recent().filter(({ isContested }) => isContested);
    return Math.min(Number.POSITIVE_INFINITY, ...contested.map(({ at }) => at + CALM_MS - now));
  }

  #recent(): Overruling[] {
    const now = this.#clock.monotonic();
    return [...this.#last.values()].filter(({ at }) => now < at + CALM_MS);
  }
}
