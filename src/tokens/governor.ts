import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** IMDS allows 5 token requests at once and 20 a second for the whole VM; some is left for others on the node. */
export const imdsLimits = { atOnce: 4, perSecond: 15 } as const;

/** A pause is at least so long, and never so long that one answer could silence the node. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;

export type GovernorOptions = { readonly atOnce: number; readonly perSecond: number; readonly clock?: Clock };

/** Who wants a call, and how long the turn may take to come. */
export type Turn = {
  /** Those with different names take turns, however many calls each of them wants. */
  readonly of: string;
  readonly patienceMs: number;
};

type Begin = () => void;

/**
 * Lets calls through, at most `atOnce` under way and `perSecond` begun within any second, and none until a pause that
 * the other side asked for is over. Everybody who waits gets one call in turn; whoever comes back goes to the end:
 *
 *   a wants 1 2 3, b wants 4, c wants 5 6   ──►   1 4 5 2 6 3
 */
export class Governor {
  readonly #options: GovernorOptions;
  readonly #clock: Clock;
  /** Those who wait by name, the next one first, each with the calls that are wanted. */
  readonly #waiting = new Map<string, Set<Begin>>();
  /** When the last calls began, as many as may begin within a second. */
  readonly #starts: number[] = [];
  #running = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #nap: AbortController | undefined;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /**
   * Runs the call when its turn comes; a caller that leaves while it waits gives its turn away.
   * @throws Fault IMDS_THROTTLED or LIMIT_REACHED when the turn does not come within the patience
   */
  async run<T>(call: () => Promise<T>, turn: Turn, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    await this.#begun(turn, signal);
    try {
      return await call();
    } finally {
      this.#running -= 1;
      this.#letBegin();
    }
  }

  /** Lets nothing begin for that long: the other side said that it is too much. */
  pause(ms = SHORTEST_PAUSE_MS): void {
    const bounded = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, ms));
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + bounded);
  }

  #begun({ of, patienceMs }: Turn, signal: AbortSignal): Promise<void> {
    if (this.#pausedMs() > patienceMs) return Promise.reject(this.#tooLate());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
      resolve();
    };
    this.#join(of, begin);
    this.#letBegin();
    if (hasBegun) return promise;
    const over = new AbortController();
    const giveUp = (reason: unknown) => {
      if (this.#leave(of, begin)) reject(reason);
    };
    signal.addEventListener("abort", () => giveUp(signal.reason), { once: true, signal: over.signal });
    this.#clock.sleep(patienceMs, over.signal).then(
      () => giveUp(this.#tooLate()),
      () => {},
    );
    return promise.finally(() => over.abort());
  }

  #letBegin(): void {
    while (this.#waiting.size > 0 && this.#running < this.#options.atOnce) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#letBeginIn(waitMs);
        return;
      }
      this.#running += 1;
      this.#starts.push(this.#clock.monotonic());
      if (this.#starts.length > this.#options.perSecond) this.#starts.shift();
      this.#next()?.();
    }
  }

  #letBeginIn(ms: number): void {
    if (this.#nap !== undefined) return; // it looks again when it wakes
    const nap = new AbortController();
    this.#nap = nap;
    const wake = () => {
      this.#nap = undefined;
      this.#letBegin();
    };
    this.#clock.sleep(ms, nap.signal).then(wake, wake);
  }

  #waitMs(): number {
    const oldest = this.#starts.length < this.#options.perSecond ? undefined : this.#starts[0];
    const untilFewer = oldest === undefined ? 0 : oldest + 1000 - this.#clock.monotonic();
    return Math.ceil(Math.max(this.#pausedMs(), untilFewer));
  }

  #pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.monotonic());
  }

  #join(of: string, begin: Begin): void {
    const calls = this.#waiting.get(of) ?? new Set();
    this.#waiting.set(of, calls.add(begin));
  }

  /** Takes the next call off the queue, and puts who wants it behind all others. */
  #next(): Begin | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [of, calls] = first;
    const [begin] = calls;
    this.#waiting.delete(of);
    if (begin !== undefined) calls.delete(begin);
    if (calls.size > 0) this.#waiting.set(of, calls);
    return begin;
  }

  /** Whether the call was still waiting. */
  #leave(of: string, begin: Begin): boolean {
    const calls = this.#waiting.get(of);
    if (!calls?.delete(begin)) return false;
    if (calls.size === 0) this.#waiting.delete(of);
    if (this.#waiting.size === 0) this.#nap?.abort();
    return true;
  }

  #tooLate(): Fault {
    const retryAfterMs = this.#pausedMs();
    if (retryAfterMs > 0) {
      const message = "the instance metadata service asked this node for a pause: ask again later";
      return new Fault("IMDS_THROTTLED", message, { retryAfterMs });
    }
    return new Fault("LIMIT_REACHED", "too many requests wait for the instance metadata service: ask again later");
  }
}
