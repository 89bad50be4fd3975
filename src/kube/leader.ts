import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { Bell } from "./bell.ts";
import { Deadline } from "./deadline.ts";
import { electionNote } from "./election-note.ts";
import type { EventNote } from "./events.ts";
import { insist } from "./insistence.ts";
import { LeasePace } from "./lease-pace.ts";
import type { LeaderLock, LockTerms } from "./lock.ts";
import { LockHealth } from "./lock-health.ts";
import { watchLock } from "./lock-watch.ts";
import { ObservedLock } from "./observed-lock.ts";

export type LeaderOptions = {
  /** Best over a client of its own, so that renewals never wait behind other requests. */
  readonly lock: LeaderLock;
  /** Who we are in the lock. */
  readonly identity: string;
  readonly durationMs: number;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** With the event that users may read about it at the lock. */
  readonly onChange?: (isLeader: boolean, note: EventNote) => void;
};

/** A lock that was let go says so: others may take it at once. */
const FREE_MS = 1_000;

/**
 * Leader election by a lock of duration D, renewed D/8 to D/4 after the last renewal was sent.
 *
 * Never two leaders, as long as no clock runs 40 % faster than another: the holder stops 0.7 D after it *sent* the last
 * write that succeeded; others wait D after they *saw* the lock change, which is later than it was sent. Both measure
 * with their own monotonic clock; the times inside the lock are for people. Every write is bound to the version that
 * was read, so of two candidates one is refused, and so is what arrives late. Who finds its own name in the lock without
 * having written it waits like everybody else: the name may be another program's, by mistake.
 *
 * An API server that takes up to D/3 for an answer is slow, but not away: its answers are waited for, and the next
 * renewal follows at once. A connection that is dead looks the same, so a renewal without an answer for D/8 gets
 * another beside it; one of them is refused, finds the other's version, and writes over that.
 *
 * A watch makes it quick: who waits looks at once when the lock is free, and who leads when it is so no more. A lock
 * that is deleted counts as changed, since its holder may not know yet; when that one has stopped, it leaves a free
 * lock behind, and so others need not wait.
 */
export class LeaderLease {
  readonly #options: LeaderOptions;
  /** How logs name the lock. */
  readonly #fields: { readonly lock: string };
  readonly #clock: Clock;
  readonly #health: LockHealth;
  readonly #lock: ObservedLock;
  readonly #news: Bell;
  readonly #pace: LeasePace;
  /** Monotonic time until which leadership is proved. */
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderOptions) {
    const { lock, clock = realClock, log } = options;
    this.#options = options;
    this.#fields = { lock: `${lock.kind.kind} ${lock.ref.namespace}/${lock.ref.name}` };
    this.#clock = clock;
    this.#lock = new ObservedLock(lock, clock);
    this.#news = new Bell(clock);
    this.#pace = new LeasePace({ ...options, clock });
    this.#health = new LockHealth({ log, clock, durationMs: options.durationMs, ...this.#fields });
  }

  get isLeader(): boolean {
    return this.#clock.monotonic() < this.#heldUntil;
  }

  /** Why this program can never lead as it is, or for now. */
  get problem(): string | undefined {
    return this.#health.problem;
  }

  /**
   * Waits for leadership, then runs `work` with a signal that aborts the moment the lock can no longer be proved held,
   * or when the outer signal does. The lock is kept until the work has ended, and then released.
   * @throws what `work` throws by itself
   */
  async lead(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<"lost" | "stopped"> {
    const { lock, log, random = Math.random } = this.#options;
    const over = new AbortController();
    const onSeen = (holder: string | undefined) => this.#seen(holder);
    const watching = watchLock({ lock, log, clock: this.#clock, random, onSeen }, over.signal);
    try {
      return (await this.#acquire(signal)) ? await this.#leadNow(work, signal) : "stopped";
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Looks at the lock from time to time until the signal aborts, so that its holder's silence counts from now on. */
  async observe(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#pace.answered((limited) => this.#lock.look(limited), signal);
        this.#health.reached();
      } catch (reason) {
        if (!signal.aborted) this.#health.failed(reason);
      }
      await this.#clock.sleep(this.#pace.renewalPauseMs(), signal).catch(() => {}); // rejected: the loop ends by the signal
    }
  }

  async #leadNow(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<"lost" | "stopped"> {
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
      await this.#letGo(await holding);
    }
    return leaseLost.signal.aborted ? "lost" : "stopped";
  }

  /** The watch only says when to look. */
  #seen(holder: string | undefined): void {
    const expected = this.#isHeld ? holder === this.#options.identity : holder !== undefined && holder !== "";
    if (!expected) this.#news.ring();
  }

  /** Whether leadership was won before the signal aborted. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      this.#news.quiet();
      try {
        const isWon = await this.#tryAcquire(signal);
        this.#health.reached();
        if (isWon) return true;
      } catch (reason) {
        if (!signal.aborted) this.#health.failed(reason);
      }
      await this.#news.sleep(this.#pace.renewalPauseMs(), signal).catch(() => {}); // rejected: the loop ends by the signal
    }
    return false;
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { identity, durationMs } = this.#options;
    let sentAt: number;
    try {
      const found = await this.#pace.answered((limited) => this.#lock.look(limited), signal);
      const holder = this.#lock.holderFor(durationMs);
      this.#health.waitsFor(holder);
      if (holder !== "") return false;
      const terms = { ...this.#terms(identity), acquiredAt: this.#clock.now() };
      sentAt = this.#clock.monotonic();
      await this.#pace.answered((limited) => {
        if (found === undefined) return this.#lock.create({ ...terms, transitions: 0 }, limited);
        return this.#lock.update(found, { ...terms, transitions: found.transitions + 1 }, limited);
      }, signal);
    } catch (reason) {
      if (Fault.is(reason, "KUBE_CONFLICT")) return false; // another was quicker
      throw reason;
    }
    this.#options.log.info("leader lease acquired", { ...this.#fields, identity });
    this.#setHeldUntil(sentAt + this.#pace.heldMs);
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
    const { durationMs } = this.#options;
    const sentAt = this.#heldUntil - this.#pace.heldMs;
    // What a slow answer took is not waited for once more.
    await this.#news.sleep(Math.max(0, sentAt + this.#pace.renewalPauseMs() - this.#clock.monotonic()), signal);
    this.#news.quiet();
    const onFailure = (reason: unknown) => {
      if (Fault.is(reason, "KUBE_CONFLICT", "KUBE_NOT_FOUND")) throw reason; // it is another's, or anybody's
      this.#health.failed(reason);
    };
    const pauses = { patienceMs: durationMs / 8, pauseMs: durationMs / 16 };
    await insist((stop) => this.#renew(stop), { clock: this.#clock, ...pauses, onFailure }, signal);
    this.#health.reached();
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { identity } = this.#options;
    const sentAt = await this.#lock.rewrite(identity, () => this.#terms(identity), signal);
    signal.throwIfAborted(); // another attempt has succeeded, or leadership is over
    this.#setHeldUntil(Math.max(this.#heldUntil, sentAt + this.#pace.heldMs));
  }

  /** Hands over: the next candidate need not wait until the lock expires. Only call it when the work has ended. */
  async #letGo(isLost: boolean): Promise<void> {
    const { log } = this.#options;
    this.#setHeldUntil(Number.NEGATIVE_INFINITY);
    if (isLost && this.#lock.latest !== undefined) return; // another's, or nobody answers
    const now = this.#clock.now();
    const terms = { holder: "", durationMs: FREE_MS, renewedAt: now, acquiredAt: now };
    try {
      await this.#pace.answered(async (limited) => {
        if (this.#lock.latest === undefined) await this.#lock.create({ ...terms, transitions: 0 }, limited);
        else await this.#lock.rewrite(this.#options.identity, () => terms, limited);
      });
      log.info("leader lease released", this.#fields);
    } catch (reason) {
      const fields = { ...this.#fields, error: Fault.from(reason).message };
      log.warn("leader lease not released, others wait until it expires", fields);
    }
  }

  get #isHeld(): boolean {
    return this.#heldUntil !== Number.NEGATIVE_INFINITY;
  }

  #setHeldUntil(until: number): void {
    const wasHeld = this.#isHeld;
    this.#heldUntil = until;
    if (this.#isHeld !== wasHeld)
      this.#options.onChange?.(this.#isHeld, electionNote(this.#options, this.#lock.latest, this.#isHeld));
  }

  #terms(holder: string): LockTerms {
    return { holder, durationMs: this.#options.durationMs, renewedAt: this.#clock.now() };
  }
}
