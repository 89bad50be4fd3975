import type { Clock } from "../../base/clock.ts";
import type { Operation } from "./operations.ts";
import { Refusal } from "./refusal.ts";

/** Azure's documented limits, of one machine: tokens have limits of their own. */
const TOKENS_PER_SECOND = 20;
const TOKENS_AT_ONCE = 5;
const OTHERS_PER_SECOND = 5;
const SECOND_MS = 1000;

export type GateOptions = {
  readonly clock: Clock;
  /** Whether the documented limits hold; without them a test may ask as fast as it can. */
  readonly isLimited: boolean;
};

/** Lets calls into a metadata service, or turns them away: too many (429), or while the service is updated (410). */
export class ImdsGate {
  readonly #options: GateOptions;
  readonly #arrivals: Record<"tokens" | "others", number[]> = { tokens: [], others: [] };
  #tokensInside = 0;
  #updatedAt = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** From now on and for so long the service says that it is being updated; Azure promises 70 seconds at most. */
  updateFor(ms: number): void {
    this.#updatedAt = this.#options.clock.monotonic() + ms;
  }

  /**
   * A call begins; it ends when the result is disposed of.
   * @throws Refusal 410 or 429; Azure says no Retry-After with either
   */
  enter(operation: Operation): Disposable {
    const isToken = operation === "imds.token";
    const now = this.#options.clock.monotonic();
    if (now < this.#updatedAt) throw new Refusal(410, "gone", "IMDS is going through updates");
    if (!this.#options.isLimited) return { [Symbol.dispose]: () => {} };
    const arrivals = this.#arrivals[isToken ? "tokens" : "others"];
    while (arrivals[0] !== undefined && arrivals[0] <= now - SECOND_MS) arrivals.shift();
    const isFull = arrivals.length >= (isToken ? TOKENS_PER_SECOND : OTHERS_PER_SECOND);
    if (isFull || (isToken && this.#tokensInside >= TOKENS_AT_ONCE)) {
      throw new Refusal(429, "too_many_requests", "Too many requests");
    }
    arrivals.push(now);
    return this.#inside(isToken ? 1 : 0);
  }

  #inside(tokens: number): Disposable {
    this.#tokensInside += tokens;
    return {
      [Symbol.dispose]: () => {
        this.#tokensInside -= tokens;
      },
    };
  }
}
