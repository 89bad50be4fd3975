import { resourceKey } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { armLimits, type LimitName } from "./arm-limits.ts";
import type { Machine, Remaining } from "./compute.ts";

export type Verb = "get" | "update";
/** Where a bucket counts: Azure has limits a machine, and limits a subscription. */
type Counted = { readonly name: LimitName; readonly of: string };

/** From so many on, buckets that have filled up again are dropped: nothing is known of them that a new one lacks. */
const MANY_BUCKETS = 10_000;

/** Room for calls to Azure: a token of each bucket that a call counts in. */
export class ArmBudget {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Reads or changes of machines that Azure wants none of, until when in monotonic milliseconds. */
  readonly #resting = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long until a call could be made and room for `spare` more would be left, in milliseconds. */
  delayMs(verb: Verb, machine: Machine, spare = 0): number {
    const waits = counted(verb, machine).map((one) => this.#bucket(one).delayMs(1 + spare));
    return Math.max(this.#restMs(verb, machine), ...waits);
  }

  /**
   * Waits for its turn and takes a token of each bucket; rejects with the signal's reason.
   * `onWait` hears how long, unless it is at once.
   */
  async take(verb: Verb, machine: Machine, signal: AbortSignal, onWait?: (ms: number) => void): Promise<void> {
    signal.throwIfAborted();
    const buckets = counted(verb, machine).map((one) => this.#bucket(one));
    // The machine's bucket comes last, since it counts when the call is made.
    const waitMs = buckets.reduceRight((ms, bucket) => bucket.take(ms), this.#restMs(verb, machine));
    if (waitMs === 0) return;
    onWait?.(waitMs);
    try {
      await this.#clock.sleep(waitMs, signal);
    } catch (reason) {
      for (const bucket of buckets) bucket.giveBack();
      throw reason;
    }
  }

  /** Leaves a machine alone for a while. */
  rest(verb: Verb, machine: Machine, ms: number): void {
    const now = this.#clock.monotonic();
    for (const [id, until] of this.#resting) if (until <= now) this.#resting.delete(id);
    this.#resting.set(`${verb} ${resourceKey(machine.id)}`, now + ms);
  }

  /** Takes over what Azure says is left, where it is less than we thought; a reserve is never touched. */
  heard(verb: Verb, machine: Machine, remaining: Remaining): void {
    const ofSubscription = verb === "get" ? remaining.subscriptionReads : remaining.subscriptionWrites;
    const lower = (name: LimitName, of: string, left: number) =>
      this.#bucket({ name, of }).lowerTo(left - armLimits[name].reserve);
    if (ofSubscription !== undefined) lower(`arm_${verb}`, subscriptionKey(machine), ofSubscription);
    for (const [policy, left] of remaining.resource) {
      if (!isAbout(verb, policy)) continue;
      if (policy.endsWith("Resource")) lower(`machine_${verb}`, resourceKey(machine.id), left);
      else lower(`${kind(machine)}_${verb}`, subscriptionKey(machine), left);
    }
  }

  #restMs(verb: Verb, { id }: Machine): number {
    const until = this.#resting.get(`${verb} ${resourceKey(id)}`) ?? 0;
    return Math.max(0, Math.ceil(until - this.#clock.monotonic()));
  }

  #bucket({ name, of }: Counted): TokenBucket {
    const key = `${name} ${of}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MANY_BUCKETS) {
      for (const [other, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(other);
    }
    const fresh = new TokenBucket(armLimits[name].ours, this.#clock);
    this.#buckets.set(key, fresh);
    return fresh;
  }
}

function counted(verb: Verb, machine: Machine): readonly Counted[] {
  const subscription = subscriptionKey(machine);
  return [
    { name: `machine_${verb}`, of: resourceKey(machine.id) },
    { name: `${kind(machine)}_${verb}`, of: subscription },
    { name: `arm_${verb}`, of: subscription },
  ];
}

/** Polls of operations, and policies that we know nothing of, have limits of their own. */
function isAbout(verb: Verb, policy: string): boolean {
  const name = policy.slice(policy.lastIndexOf("/") + 1);
  return (
    !name.endsWith("Maximum") && (verb === "get" ? /^(LowCost)?Get(?!Operation)/ : /^(Update|Patch|Put)/).test(name)
  );
}

function kind({ isScaleSet }: Machine): "vm" | "vmss" {
  return isScaleSet ? "vmss" : "vm";
}

function subscriptionKey({ subscription }: Machine): string {
  return subscription.toLowerCase();
}
