import type { Clock } from "../../base/clock.ts";
import { type BucketSize, TokenBucket } from "../../base/token-bucket.ts";

/** A full bucket is as good as none: beyond so many they are looked for. */
const MANY_BUCKETS = 256;

/** A bucket of the same size for each name, kept while it is not full. */
export class Buckets {
  readonly #size: BucketSize;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  #lookAt = MANY_BUCKETS;

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
  }

  /** Takes one from the bucket of that name; false when it has none left. */
  take(name: string): boolean {
    const bucket = this.#of(name);
    if (bucket.delayMs() > 0) return false;
    bucket.take();
    return true;
  }

  /** How many are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  #of(name: string): TokenBucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#lookAt) this.#dropFull();
    const made = new TokenBucket(this.#size, this.#clock);
    this.#buckets.set(name, made);
    return made;
  }

  #dropFull(): void {
    for (const [name, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(name);
    // Where most are in use, not for each that is new.
    this.#lookAt = Math.max(MANY_BUCKETS, 2 * this.#buckets.size);
  }
}
