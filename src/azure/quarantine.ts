import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";

type QuarantineOptions = { readonly clock: Clock; readonly random: () => number };
type Entry = { fault: Fault; dueAt: number; isTried: boolean; readonly backoff: Backoff };

const FIRST_MS = 60_000;
/** Whoever grants a missing role sees soon that it helped. */
const LONGEST_MS = 10 * 60_000;
/** What nobody has asked for in so long is forgotten. */
const FORGOTTEN_MS = 12 * LONGEST_MS;

/**
 * Identities that Azure refuses, by resource ID in the spelling of `resourceKey`. They are left aside on every machine,
 * and each is tried again after a minute, then after twice as long each time, up to ten minutes.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Why Azure refuses an identity, and in how long it may be tried, 0 for now; undefined when nothing is known. */
  look(id: string): { readonly fault: Fault; readonly retryInMs: number } | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    return { fault: entry.fault, retryInMs: Math.max(0, Math.ceil(entry.dueAt - this.#now())) };
  }

  /** One machine is about to try it: the others wait for what comes of that. */
  claim(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.dueAt = this.#now() + FIRST_MS;
    entry.isTried = true;
  }

  /** Azure has refused it; the answer is when to try again, in milliseconds. */
  refuse(id: string, fault: Fault): number {
    const { random } = this.#options;
    const known = this.#entries.get(id);
    const now = this.#now();
    // Machines that were refused at the same time count once.
    if (known !== undefined && !known.isTried && now < known.dueAt) return Math.ceil(known.dueAt - now);
    this.#forget();
    const backoff = known?.backoff ?? new Backoff({ firstMs: FIRST_MS, maxMs: LONGEST_MS, random });
    const pauseMs = backoff.next();
    this.#entries.set(id, { fault, dueAt: now + pauseMs, isTried: false, backoff });
    return pauseMs;
  }

  /** Azure has taken it, on whatever machine. */
  release(id: string): void {
    this.#entries.delete(id);
  }

  /** What was refused may be taken now: MIC signs in as somebody else. */
  releaseAll(): void {
    this.#entries.clear();
  }

  #forget(): void {
    const old = this.#now() - FORGOTTEN_MS;
    for (const [id, { dueAt }] of this.#entries) if (dueAt < old) this.#entries.delete(id);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
