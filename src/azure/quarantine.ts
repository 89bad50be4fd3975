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
/** Far more than a cluster has; beyond that all begin anew. */
const MOST_KNOWN = 20_000;

/**
 * Identities that Azure refuses, by resource ID in the spelling of `resourceKey`. They are left aside on every machine,
 * and each is tried again after a minute, then after twice as long each time, up to ten minutes.
 *
 * Suspects are what was refused together, of which at least one is bad: the search goes on where it was left, whichever
 * machine asks.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #entries = new Map<string, Entry>();
  /** By ID the number of the group that is to be tried next. */
  readonly #suspects = new Map<string, number>();
  readonly #taken = new Set<string>();
  #groups = 0;

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

  /** Those of `ids` that have been refused, those first that are due the longest. */
  longestDue(ids: readonly string[]): readonly string[] {
    const dueAt = (id: string) => this.#entries.get(id)?.dueAt ?? 0;
    return ids.toSorted((a, b) => dueAt(a) - dueAt(b));
  }

  /** At least one of what was refused is among these and others, and nobody knows which. */
  suspect(ids: readonly string[]): void {
    if (this.#suspects.size > MOST_KNOWN) this.#suspects.clear();
    this.#groups += 1;
    for (const id of ids) this.#suspects.set(id, this.#groups);
  }

  /** The suspects among `ids`, in groups to try each as a whole; small ones first, so that a flood holds up few. */
  suspectsIn(ids: readonly string[]): readonly (readonly string[])[] {
    const groups = Map.groupBy(
      ids.filter((id) => this.#suspects.has(id)),
      (id) => this.#suspects.get(id),
    );
    return [...groups.values()].toSorted((a, b) => a.length - b.length);
  }

  /** Whether it was refused, alone or with others, and not taken since. */
  isUnproved(id: string): boolean {
    return this.#entries.has(id) || this.#suspects.has(id);
  }

  /** Whether Azure has taken it, and not refused it since. */
  wasTaken(id: string): boolean {
    return this.#taken.has(id);
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
    this.#suspects.delete(id);
    this.#taken.delete(id);
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
    this.#suspects.delete(id);
    if (this.#taken.size > MOST_KNOWN) this.#taken.clear();
    this.#taken.add(id);
  }

  /** What was refused may be taken now: MIC signs in as somebody else. */
  releaseAll(): void {
    this.#entries.clear();
    this.#suspects.clear();
    this.#taken.clear();
  }

  #forget(): void {
    const old = this.#now() - FORGOTTEN_MS;
    for (const [id, { dueAt }] of this.#entries) if (dueAt < old) this.#entries.delete(id);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
