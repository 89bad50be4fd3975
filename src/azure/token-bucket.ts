import type { Clock } from "../base/clock.ts";

export type BucketSize = { readonly capacity: number; readonly perMinute: number };

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

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
    this.#tokens = size.capacity;
    this.#at = clock.monotonic();
  }

  /** How long until a token could be taken without a debt, in milliseconds. */
  delayMs(): number {
    return this.#msUntil(1);
  }

  /** Takes a token; the answer is how long to wait before using it, in milliseconds. */
  take(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#msUntil(0);
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#size.capacity, this.#tokens + 1);
  }

  /** Somebody who knows says that no more than this is left; below nothing means waiting. */
  lowerTo(tokens: number): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, tokens);
  }

  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#size.capacity;
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
