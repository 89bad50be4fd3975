import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { KubeClient } from "./client.ts";
import { Deadline } from "./deadline.ts";
import { type LeaseSpec, microTime, ObservedLease } from "./lease.ts";
import { Outage } from "./outage.ts";

export type LeaderOptions = {
  /** Best a client of its own, so that renewals never wait behind other requests. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who we are in the Lease. */
  readonly identity: string;
  readonly durationMs: number;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly onChange?: (isLeader: boolean) => void;
};

/**
 * Leader election by a Lease of duration D, renewed every D/8 to D/4.
 *
 * Never two leaders, as long as two clocks do not differ in speed by a factor of two: the holder stops D/2 after it
 * *sent* the last renewal that succeeded; others wait D after they *saw* the Lease change, which is later than it was
 * sent. Both measure with their own monotonic clock; the times inside the Lease are for people. Every write is bound to
 * the version that was read, so of two candidates one is refused. Who finds its own name in the Lease without having
 * written it waits like everybody else: the name may be another program's, by mistake.
 */
export class LeaderLease {
  readonly #options: LeaderOptions;
  /** How logs name the Lease. */
  readonly #fields: { readonly lease: string };
  readonly #clock: Clock;
  readonly #outage: Outage;
  readonly #lease: ObservedLease;
  /** Monotonic time until which leadership is proved. */
  #heldUntil = Number.NEGATIVE_INFINITY;
  #waitsFor = "";

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#fields = { lease: `${options.namespace}/${options.name}` };
    this.#clock = options.clock ?? realClock;
    const { client, namespace, name } = options;
    this.#lease = new ObservedLease(client, { namespace, name }, this.#clock);
    this.#outage = new Outage({
      log: options.log,
      failing: "cannot read or renew the leader lease, trying again",
      well: "leader lease works again",
      fields: this.#fields,
    });
  }

  get isLeader(): boolean {
    return this.#clock.monotonic() < this.#heldUntil;
  }

  /**
   * Waits for leadership, then runs `work` with a signal that aborts the moment the Lease can no longer be proved held,
   * or when the outer signal does. The Lease is kept until the work has ended, and then released.
   * @throws what `work` throws by itself
   */
  async lead(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<"lost" | "stopped"> {
    if (!(await this.#acquire(signal))) return "stopped";
    const workEnded = new AbortController();
    const leaseLost = new AbortController();
    const holding = this.#hold(workEnded.signal).then((isLost) => {
      if (isLost) leaseLost.abort(new DOMException("the leader lease is lost", "AbortError"));
      return isLost;
    });
    const stop = AbortSignal.any([signal, leaseLost.signal]);
    try {
      await work(stop);
    } catch (reason) {
      if (!stop.aborted) throw reason; // otherwise it is the end that we asked for
    } finally {
      workEnded.abort();
      if (!(await holding)) await this.#release();
    }
    return leaseLost.signal.aborted ? "lost" : "stopped";
  }

  /** Whether leadership was won before the signal aborted. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        using limit = this.#attemptLimit(signal);
        const isWon = await this.#tryAcquire(limit.signal);
        this.#outage.well();
        if (isWon) return true;
      } catch (reason) {
        if (!signal.aborted) this.#outage.failed(Fault.from(reason));
      }
      await this.#clock.sleep(this.#renewalPause(), signal).catch(() => {}); // rejected: the loop ends by the signal
    }
    return false;
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const sentAt = this.#clock.monotonic();
    const { identity } = this.#options;
    try {
      const found = await this.#lease.look(signal);
      if (found !== undefined && found.holder !== "" && !this.#isExpired(found.durationMs)) {
        return this.#waitFor(found.holder);
      }
      const spec = { ...this.#spec(identity), acquireTime: this.#now() };
      if (found === undefined) await this.#lease.create({ ...spec, leaseTransitions: 0 }, signal);
      else await this.#lease.update(found, { ...spec, leaseTransitions: found.transitions + 1 }, signal);
    } catch (reason) {
      if (Fault.is(reason, "KUBE_CONFLICT")) return false; // another was quicker
      throw reason;
    }
    this.#waitsFor = "";
    this.#options.log.info("leader lease acquired", { ...this.#fields, identity });
    this.#setHeldUntil(sentAt + this.#options.durationMs / 2);
    return true;
  }

  /** Renews until the work has ended; true when leadership ended before. */
  async #hold(workEnded: AbortSignal): Promise<boolean> {
    while (!workEnded.aborted) {
      const ms = this.#heldUntil - this.#clock.monotonic();
      const reason = () => new Fault("KUBE_UNREACHABLE", "the leader lease was not renewed in time");
      using limit = new Deadline({ ms, reason, outer: workEnded, clock: this.#clock });
      try {
        await this.#renewInTime(limit.signal);
      } catch (reason) {
        if (workEnded.aborted) break;
        this.#options.log.warn("leader lease lost", { ...this.#fields, error: Fault.from(reason).message });
        this.#setHeldUntil(Number.NEGATIVE_INFINITY);
        return true;
      }
    }
    return false;
  }

  async #renewInTime(signal: AbortSignal): Promise<void> {
    for (let pause = this.#renewalPause(); ; pause = this.#options.durationMs / 16) {
      await this.#clock.sleep(pause, signal);
      try {
        using limit = this.#attemptLimit(signal);
        await this.#renew(limit.signal);
        return this.#outage.well();
      } catch (reason) {
        signal.throwIfAborted();
        if (Fault.is(reason, "KUBE_CONFLICT", "KUBE_NOT_FOUND")) throw reason; // it is another's, or anybody's
        this.#outage.failed(Fault.from(reason));
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { identity, durationMs } = this.#options;
    for (let lease = this.#lease.latest; lease !== undefined; ) {
      const sentAt = this.#clock.monotonic();
      try {
        await this.#lease.update(lease, this.#spec(identity), signal);
        return this.#setHeldUntil(sentAt + durationMs / 2);
      } catch (reason) {
        if (!Fault.is(reason, "KUBE_CONFLICT")) throw reason;
        // Somebody edited it, or an earlier renewal whose answer was lost has arrived after all.
        lease = await this.#lease.look(signal);
        if (lease?.holder !== identity) throw reason;
      }
    }
  }

  /** Hands over: the next candidate need not wait until the Lease expires. */
  async #release(): Promise<void> {
    const { log } = this.#options;
    const lease = this.#lease.latest;
    this.#setHeldUntil(Number.NEGATIVE_INFINITY);
    if (lease === undefined) return;
    using limit = this.#attemptLimit();
    try {
      await this.#lease.update(lease, { ...this.#spec(""), leaseDurationSeconds: 1 }, limit.signal);
      log.info("leader lease released", this.#fields);
    } catch (reason) {
      const fields = { ...this.#fields, error: Fault.from(reason).message };
      log.warn("leader lease not released, others wait until it expires", fields);
    }
  }

  #waitFor(holder: string): false {
    if (holder !== this.#waitsFor) {
      this.#waitsFor = holder;
      this.#options.log.info("another holds the leader lease, waiting", { ...this.#fields, holder });
    }
    return false;
  }

  /** By the longer of both promises, in case the holder runs with another setting. */
  #isExpired(promisedMs: number): boolean {
    return this.#lease.unchangedMs >= Math.max(this.#options.durationMs, promisedMs);
  }

  #setHeldUntil(until: number): void {
    const wasHeld = this.#heldUntil !== Number.NEGATIVE_INFINITY;
    this.#heldUntil = until;
    const isHeld = until !== Number.NEGATIVE_INFINITY;
    if (isHeld !== wasHeld) this.#options.onChange?.(isHeld);
  }

  #spec(holderIdentity: string): LeaseSpec {
    const leaseDurationSeconds = Math.ceil(this.#options.durationMs / 1000);
    return { holderIdentity, leaseDurationSeconds, renewTime: this.#now() };
  }

  #now(): string {
    return microTime(this.#clock.now());
  }

  /** D/8 to D/4. */
  #renewalPause(): number {
    const { durationMs, random = Math.random } = this.#options;
    return (durationMs / 8) * (1 + random());
  }

  /** One request gets a part of the time only, so that a dead connection leaves time for another. */
  #attemptLimit(outer?: AbortSignal): Deadline {
    const ms = this.#options.durationMs / 8;
    const reason = () => new Fault("KUBE_UNREACHABLE", `the API server gave no answer within ${ms} ms`);
    return new Deadline({ ms, reason, outer, clock: this.#clock });
  }
}
