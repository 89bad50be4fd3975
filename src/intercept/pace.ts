/** A hundred times as long between two looks as one costs of a processor: they take about one per cent of it. */
const REST_PER_COST = 100;
const SHORTEST_REST_MS = 500;
/** The cost is the mean over so many looks, and so follows a node whose rules become many. */
const LOOKS_AT_LEAST = 20;
/** Before that many are done the mean says little: what is spent is known in hundredths of a second. */
const LOOKS_TO_JUDGE = 5;

export type PaceOptions = {
  /** The longest rest. */
  readonly intervalMs: number;
  /** Processor time spent on looks so far; coarse, but without loss. */
  readonly spentMs: () => number;
};

/** How long to rest between looks where nobody tells of changes. */
export class Pace {
  readonly #options: PaceOptions;
  #from: { readonly looks: number; readonly spentMs: number };
  #middle: { readonly looks: number; readonly spentMs: number };
  #looks = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#from = { looks: 0, spentMs: options.spentMs() };
    this.#middle = this.#from;
  }

  /** The rest after a look that led to changes, whose cost says nothing of the next. */
  restAfterChangeMs(): number {
    this.#from = { looks: this.#looks, spentMs: this.#options.spentMs() };
    this.#middle = this.#from;
    return Math.min(this.#options.intervalMs, SHORTEST_REST_MS);
  }

  /** The rest after one more look that found all well. */
  restMs(): number {
    const { intervalMs, spentMs } = this.#options;
    this.#looks += 1;
    const now = { looks: this.#looks, spentMs: spentMs() };
    if (now.looks - this.#from.looks < LOOKS_TO_JUDGE) return Math.min(intervalMs, SHORTEST_REST_MS);
    const costMs = (now.spentMs - this.#from.spentMs) / (now.looks - this.#from.looks);
    if (now.looks - this.#middle.looks >= LOOKS_AT_LEAST) {
      this.#from = this.#middle;
      this.#middle = now;
    }
    return Math.min(intervalMs, Math.max(SHORTEST_REST_MS, REST_PER_COST * costMs));
  }
}
