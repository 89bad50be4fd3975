import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/**
 *     closed ── throttled, or FAILURES in a row ──► open ── its time is over ──► half-open: one call goes
 *       ▲                                             ▲                             │
 *       └── it is answered ◄──────────────────────────┴── it fails ◄────────────────┘
 */
export type BreakerState = "closed" | "open" | "half-open";

/** Who wants to call: a suspect has failed lately, perhaps for reasons of its own, and would try in vain. */
export type Caller = { readonly isSuspect: boolean };
type BreakerOptions = { readonly clock: Clock; readonly random: () => number };

const FAILURES = 5;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 15 * 60_000;
/** For the others while one call tries whether Azure answers again. */
const TRIAL_MS = 1_000;
/** So much later than others a suspect may try: where there is another, that one tells more. */
const SUSPECT_MS = 5_000;
const ANYBODY: Caller = { isSuspect: false };

/** Keeps calls back while Azure wants none or answers none. */
export class Breaker {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #reason: Fault | undefined;
  #until = 0;
  #isTrying = false;
  #failures = 0;

  constructor({ clock, random }: BreakerOptions) {
    this.#clock = clock;
    this.#backoff = new Backoff({ firstMs: 5_000, maxMs: LONGEST_MS, random });
  }

  get state(): BreakerState {
    if (this.#reason === undefined) return "closed";
    return this.#isTrying ? "half-open" : "open";
  }

  /** Why calls are kept back; undefined while they are not. */
  get reason(): Fault | undefined {
    return this.#reason;
  }

  /** How long until a call may go, in milliseconds. */
  delayMs({ isSuspect } = ANYBODY): number {
    if (this.#reason === undefined) return 0;
    if (this.#isTrying) return TRIAL_MS;
    const until = this.#until + (isSuspect ? SUSPECT_MS : 0);
    return Math.max(0, Math.ceil(until - this.#clock.monotonic()));
  }

  /** @throws Fault when a call may not go now */
  check(caller = ANYBODY): void {
    const delayMs = this.delayMs(caller);
    if (delayMs > 0 && this.#reason !== undefined) throw keptBack(this.#reason, delayMs);
  }

  /** A call goes; it is to end in `answered`, `failed`, `opened` or `left`. @throws Fault when it may not */
  enter(caller = ANYBODY): void {
    this.check(caller);
    if (this.#reason !== undefined) this.#isTrying = true;
  }

  /** Azure has answered a call, well or not. */
  answered(): void {
    this.#failures = 0;
    // Calls that went before it opened say nothing about now.
    if (this.#reason !== undefined && !this.#isTrying) return;
    this.#reason = undefined;
    this.#isTrying = false;
    this.#backoff.reset();
  }

  /** Azure did not answer, or only that it has trouble. */
  failed(fault: Fault): void {
    this.#failures += 1;
    if (this.#isTrying || (this.#reason === undefined && this.#failures >= FAILURES)) this.opened(fault);
  }

  /** Azure wants no calls for a while: as long as it says, or longer each time. */
  opened(fault: Fault): void {
    // Calls that went before it opened make the pause no longer, unless Azure says so.
    const isLate = this.#reason !== undefined && !this.#isTrying;
    if (isLate && fault.retryAfterMs === undefined) return;
    const ms = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, fault.retryAfterMs ?? this.#backoff.next()));
    this.#until = Math.max(this.#until, this.#clock.monotonic() + ms);
    this.#reason = fault;
    this.#isTrying = false;
    this.#failures = 0;
  }

  /** A call ended without having shown anything. */
  left(): void {
    this.#isTrying = false;
  }
}

function keptBack(reason: Fault, retryAfterMs: number): Fault {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const message = `MIC asks Azure again in ${seconds} s, since: ${reason.message}`;
  return new Fault(reason.code, message, { cause: reason, retryAfterMs });
}
