import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Fields, Log } from "../base/log.ts";
import { Outage } from "./outage.ts";

export type LockHealthOptions = {
  readonly log: Log;
  readonly clock: Clock;
  /** How logs name the lock. */
  readonly lock: string;
  /** A lock that cannot be reached for longer is a problem. */
  readonly durationMs: number;
};

/** How a candidate gets on with its lock, for logs and for those who ask whether it is ready. */
export class LockHealth {
  readonly #options: LockHealthOptions;
  readonly #fields: Fields;
  readonly #outage: Outage;
  #wasReached = false;
  #waitsFor = "";

  constructor(options: LockHealthOptions) {
    const { log, clock, lock } = options;
    this.#options = options;
    this.#fields = { lock };
    this.#outage = new Outage({
      log,
      failing: "cannot read or renew the leader lease, trying again",
      well: "leader lease works again",
      fields: this.#fields,
      clock,
    });
  }

  /** Why this program can never lead as it is, or for now: the lock was never reached, or not for too long. */
  get problem(): string | undefined {
    const { durationMs, lock } = this.#options;
    if (this.#wasReached) return this.#outage.longerThan(durationMs)?.message;
    return this.#outage.longerThan(-1)?.message ?? `the leader lock ${lock} was not looked at yet`;
  }

  reached(): void {
    this.#wasReached = true;
    this.#outage.well();
  }

  failed(reason: unknown): void {
    this.#outage.failed(Fault.from(reason));
  }

  /** Says once who holds the lock; empty for nobody. */
  waitsFor(holder: string): void {
    if (holder === this.#waitsFor) return;
    this.#waitsFor = holder;
    if (holder !== "") this.#options.log.info("another holds the leader lease, waiting", { ...this.#fields, holder });
  }
}
