import type { Clock } from "./clock.ts";

export type BucketSize = {
  readonly capacity: number;
  readonly perMinute: number;
  /** No more than so many within any minute, where a full bucket and what comes back meanwhile would be too many. */
  readonly anyMinute?: number;
};

const MINUTE_MS = 60_000;

/**
 * Tokens that come back at a steady rate, up to a capacity. Whoever takes one that is not there yet runs up a debt and
 * waits until it is paid, so that takers are served in the order in which they came.
 */
export class TokenBucket {
  readonly #size: BucketSize;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;
  /** When the tokens of the last minute are used, in monotonic milliseconds, in that order. */
  #usedAt: number[] = [];

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
    this.#tokens = size.capacity;
    this.#at = clock.monotonic();
  }

  /** How long until so many tokens could be taken without a debt, in milliseconds. */
  delayMs(count = 1): number {
    return Math.max(this.#msUntil(count), this.#msInWindow(count));
  }

  /** Takes a token; the answer is how long to wait before using it, in milliseconds, and `atLeastMs` at least. */
  take(atLeastMs = 0): number {
    const windowMs = this.#msInWindow(1);
    this.#refill();
    this.#tokens -= 1;
    const waitMs = Math.max(atLeastMs, this.#msUntil(0), windowMs);
    if (this.#size.anyMinute !== undefined) this.#use(this.#at + waitMs);
    return waitMs;
  }

  /** The last token that was taken is not used after all. */
  giveBack(): void {
    this.#usedAt.pop();
    this.#tokens += 1; // what is beyond the capacity is dropped when it is looked at
  }

  /** Somebody who knows says that no more than this is left; below nothing means waiting. */
  lowerTo(tokens: number): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, tokens);
  }

  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#size.capacity && this.#msInWindow(this.#size.capacity) === 0;
  }

  #use(at: number): void {
    const counting = this.#usedAt.filter((one) => one > this.#at - MINUTE_MS);
    this.#usedAt = [...counting, at].toSorted((a, b) => a - b);
  }

  #msInWindow(count: number): number {
    const { anyMinute } = this.#size;
    if (anyMinute === undefined) return 0;
    const usedAt = this.#usedAt[this.#usedAt.length - anyMinute + count - 1];
    return usedAt === undefined ? 0 : Math.max(0, Math.ceil(usedAt + MINUTE_MS - this.#clock.monotonic()));
  }

  #msUntil(tokens: number): number {
    this.#refill();
    return Math.max(0, Math.ceil(((tokens - this.#tokens) * MINUTE_MS) / this.#size.perMinute - 1e-6));
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#at) * this.#size.perMinute) / MINUTE_MS;
    this.#at = now;
    this.#tokens = Math.min(this.#size.capacity, this.#tokens + earned);
  }
}
