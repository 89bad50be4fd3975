import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { LeaderLock, LockRecord, LockTerms } from "./lock.ts";

/** One lock: the version that we know last, and since when by our own clock. */
export class ObservedLock {
  readonly #lock: LeaderLock;
  readonly #clock: Clock;
  #latest: LockRecord | undefined;
  #seenAt = 0;
  /** What the holder promised whose lock was deleted under its feet; it may not know yet. */
  #orphaned: { readonly holder: string; readonly durationMs: number } | undefined;

  constructor(lock: LeaderLock, clock: Clock) {
    this.#lock = lock;
    this.#clock = clock;
  }

  /** Undefined when there is none, or nobody looked yet. */
  get latest(): LockRecord | undefined {
    return this.#latest;
  }

  async look(signal: AbortSignal): Promise<LockRecord | undefined> {
    const found = await this.#lock.look(signal);
    if (found === undefined) this.#vanish();
    else this.#remember(found);
    return found;
  }

  /**
   * Who holds the lock, or may still believe it; empty when it may be taken. A holder has not been heard of for long
   * enough when nothing changed for `durationMs`, and for what it promised itself.
   */
  holderFor(durationMs: number): string {
    const held = this.#latest ?? this.#orphaned;
    if (held === undefined || held.holder === "") return "";
    const unchangedMs = this.#clock.monotonic() - this.#seenAt;
    return unchangedMs >= Math.max(durationMs, held.durationMs) ? "" : held.holder;
  }

  /** @throws Fault KUBE_CONFLICT when somebody else was quicker; the same for `update` */
  async create(terms: LockTerms, signal: AbortSignal): Promise<void> {
    this.#remember(await this.#lock.create(terms, signal));
  }

  /** Writes over exactly this version. */
  async update(record: LockRecord, terms: LockTerms, signal: AbortSignal): Promise<void> {
    try {
      this.#remember(await this.#lock.update(record, terms, signal));
    } catch (reason) {
      if (Fault.is(reason, "KUBE_NOT_FOUND")) this.#vanish();
      throw reason;
    }
  }

  /**
   * Writes into the lock that is ours, and gives the monotonic time at which it was sent.
   * @throws Fault KUBE_CONFLICT or KUBE_NOT_FOUND when it is ours no more
   */
  async rewrite(identity: string, terms: () => LockTerms, signal: AbortSignal): Promise<number> {
    for (let held = this.#latest; held !== undefined; ) {
      const sentAt = this.#clock.monotonic();
      try {
        await this.update(held, terms(), signal);
        return sentAt;
      } catch (reason) {
        if (!Fault.is(reason, "KUBE_CONFLICT")) throw reason;
        // Somebody edited it, or an earlier write whose answer was lost has arrived after all.
        held = await this.look(signal);
        if (held !== undefined && held.holder !== identity) throw reason;
      }
    }
    throw new Fault("KUBE_NOT_FOUND", "the leader lease was deleted");
  }

  #vanish(): void {
    if (this.#latest !== undefined) {
      this.#orphaned = this.#latest;
      this.#seenAt = this.#clock.monotonic();
    }
    this.#latest = undefined;
  }

  #remember(record: LockRecord): void {
    if (record.resourceVersion !== this.#latest?.resourceVersion) this.#seenAt = this.#clock.monotonic();
    this.#latest = record;
    this.#orphaned = undefined;
  }
}
