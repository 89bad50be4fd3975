import type { Clock } from "../../base/clock.ts";
import type { Operation } from "./operations.ts";
import { Refusal } from "./refusal.ts";

type Kind = "reads" | "writes" | "deletes";
type Bucket = { readonly size: number; readonly perSecond: number; left: number; seenAt: number };

/**
 * Azure's documented limits on calls of one caller in a subscription: buckets of tokens that fill again all the time.
 * Without `isLimited` they are always full.
 */
export class ArmLimits {
  readonly #clock: Clock;
  readonly #isLimited: boolean;
  readonly #subscription: string;
  readonly #buckets: Readonly<Record<Kind, Bucket>>;

  constructor(clock: Clock, subscription: string, isLimited: boolean) {
    this.#clock = clock;
    this.#isLimited = isLimited;
    this.#subscription = subscription;
    const bucket = (size: number, perSecond: number) => ({ size, perSecond, left: size, seenAt: clock.monotonic() });
    this.#buckets = { reads: bucket(250, 25), writes: bucket(200, 10), deletes: bucket(200, 10) };
  }

  /** A call takes a token. @throws Refusal 429 that says when there is one again */
  take(operation: Operation): void {
    if (!this.#isLimited) return;
    const kind = kindOf(operation.slice(operation.lastIndexOf(".") + 1));
    const bucket = this.#filled(kind);
    if (bucket.left < 1) {
      const seconds = Math.ceil((1 - bucket.left) / bucket.perSecond);
      const message = `Number of '${kind}' requests for subscription '${this.#subscription}' exceeded the limit. Please try again after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`;
      throw new Refusal(429, "SubscriptionRequestsThrottled", message, { "retry-after": String(seconds) });
    }
    bucket.left -= 1;
  }

  /** The header that tells what is left for calls of a method. */
  remaining(method: string): Record<string, string> {
    const kind = method === "GET" ? "reads" : method === "DELETE" ? "deletes" : "writes";
    const { left, size } = this.#filled(kind);
    const told = this.#isLimited ? Math.floor(left) : size - 1;
    return { [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(told) };
  }

  #filled(kind: Kind): Bucket {
    const bucket = this.#buckets[kind];
    const now = this.#clock.monotonic();
    bucket.left = Math.min(bucket.size, bucket.left + ((now - bucket.seenAt) / 1000) * bucket.perSecond);
    bucket.seenAt = now;
    return bucket;
  }
}

function kindOf(verb: string): Kind {
  if (verb === "delete") return "deletes";
  return verb === "put" || verb === "update" ? "writes" : "reads";
}
