import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

/** Tokens that a pod may have fetched: so many at once, and then so many a minute. */
const MISSES = { capacity: 20, perMinute: 120 } as const;
/** A full bucket is as good as none: beyond so many they are looked for. */
const MANY_BUCKETS = 256;

export type MissLimitOptions = {
  readonly clock: Clock;
  readonly onRefused?: (podUid: string) => void;
};

/** How often each pod may have a token fetched, so that one that asks for ever new ones does not hold up the others. */
export class MissLimit {
  readonly #options: MissLimitOptions;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: MissLimitOptions) {
    this.#options = options;
  }

  /** @throws Fault LIMIT_REACHED */
  readonly take = (podUid: string): void => {
    const bucket = this.#bucketOf(podUid);
    if (bucket.delayMs() === 0) return void bucket.take();
    this.#options.onRefused?.(podUid);
    const { capacity, perMinute } = MISSES;
    const limits = `${capacity} at once and ${perMinute} a minute`;
    throw new Fault("LIMIT_REACHED", `the pod had too many tokens fetched, ${limits} at most: ask again later`);
  };

  /** How many pods are kept count of. */
  get size(): number {
    return this.#buckets.size;
  }

  #bucketOf(podUid: string): TokenBucket {
    const known = this.#buckets.get(podUid);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MANY_BUCKETS) {
      for (const [uid, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(uid);
    }
    const made = new TokenBucket(MISSES, this.#options.clock);
    this.#buckets.set(podUid, made);
    return made;
  }
}
