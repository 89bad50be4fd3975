import type { Clock } from "../../base/clock.ts";
import type { Fields, Log } from "../../base/log.ts";
import { type BucketSize, TokenBucket } from "../../base/token-bucket.ts";
import { Buckets } from "../limits/buckets.ts";

/** Whose request a line tells of; equal keys are the same caller. */
export type Cause = {
  readonly key: string;
  /** Whether it is a pod of this node: of others there may be any number. */
  readonly isKnown: boolean;
  readonly fields: Fields;
};

/**
 * Lines that a caller can cause. `granted`: somebody got something, two lines a token; `refused`: nobody did, or a limit
 * was reached; `asked`: that there was a request.
 */
export type LineKind = "granted" | "refused" | "asked";

/** Lines of a kind that one caller may cause: so many at once, and then so many a minute. Equal ones are folded before. */
const LINES = {
  granted: { capacity: 400, perMinute: 6000 },
  refused: { capacity: 100, perMinute: 1200 },
  asked: { capacity: 100, perMinute: 1200 },
} as const satisfies Record<LineKind, BucketSize>;
/** Lines of all callers together that are no known pods. */
const UNKNOWN_LINES = { capacity: 500, perMinute: 6000 } as const;

const TELL_EVERY_MS = 1000;
/** Callers whose missing lines are counted apart at a time. */
const MOST_TOLD_APART = 256;
const OTHERS: Cause = { key: "", isKnown: false, fields: { of: "other callers" } };
/** Whoever reads the log causes what is left out for being behind. Told of once, since each line makes the log longer. */
const READER: Cause = { key: "reader", isKnown: false, fields: {} };

type Missing = { readonly cause: Cause; readonly kinds: Record<LineKind, number> };

/**
 * How many lines of the log each caller may cause, so that none can push what is told of the others out of it. What is
 * left out is counted, and told in one line a second and caller; what is left out for a slow reader in one of all callers.
 */
export class LogPace {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #buckets: Record<LineKind, Buckets>;
  readonly #unknown: TokenBucket;
  readonly #missing = new Map<string, Missing>();
  readonly #stop = new AbortController();
  #isTelling = false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#unknown = new TokenBucket(UNKNOWN_LINES, clock);
    this.#buckets = {
      granted: new Buckets(LINES.granted, clock),
      refused: new Buckets(LINES.refused, clock),
      asked: new Buckets(LINES.asked, clock),
    };
  }

  /** Whether the caller may cause one more line of that kind; where not, the line counts as left out. */
  take(cause: Cause, kind: LineKind): boolean {
    // What waits for a slow reader is dropped, the oldest first: refusals and requests leave that room to grants.
    const mayWait = kind === "granted" || !this.#log.isBehind();
    if (mayWait && this.#takeOf(cause, kind)) return true;
    this.#miss(mayWait ? cause : READER, kind);
    return false;
  }

  /** Tells what is left out and not told yet. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#tell();
  }

  /** Takes one of the caller's own only where there is one for it of what strangers share. */
  #takeOf({ key, isKnown }: Cause, kind: LineKind): boolean {
    if (!isKnown && this.#unknown.delayMs() > 0) return false;
    if (!this.#buckets[kind].take(key)) return false;
    if (!isKnown) this.#unknown.take();
    return true;
  }

  #miss(cause: Cause, kind: LineKind): void {
    const isApart = cause === READER || this.#missing.has(cause.key) || this.#missing.size < MOST_TOLD_APART;
    const { kinds } = this.#missingOf(isApart ? cause : OTHERS);
    kinds[kind] += 1;
    if (!this.#isTelling) void this.#tellEachSecond();
  }

  #missingOf(cause: Cause): Missing {
    const known = this.#missing.get(cause.key);
    if (known !== undefined) return known;
    const made = { cause, kinds: { granted: 0, refused: 0, asked: 0 } };
    this.#missing.set(cause.key, made);
    return made;
  }

  async #tellEachSecond(): Promise<void> {
    this.#isTelling = true;
    while (this.#missing.size > 0 && !this.#stop.signal.aborted) {
      await this.#clock.sleep(TELL_EVERY_MS, this.#stop.signal).catch(() => {});
      this.#tell();
    }
    this.#isTelling = false;
  }

  #tell(): void {
    for (const { cause, kinds } of this.#missing.values()) {
      const suppressed = kinds.granted + kinds.refused + kinds.asked;
      const decisions = { granted: kinds.granted || undefined, refused: kinds.refused || undefined };
      const severity = kinds.granted + kinds.refused > 0 ? "warn" : "info";
      const why = cause === READER ? "whoever reads the log is behind" : "their caller causes too many";
      this.#log[severity](`lines of the log left out: ${why}`, {
        ...cause.fields,
        suppressed,
        ...decisions,
      });
    }
    this.#missing.clear();
  }
}
