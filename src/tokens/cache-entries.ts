import { endOf, type Token } from "../api/token-answer.ts";
import type { Clock } from "../base/clock.ts";
import { LEAST_LIFE_MS } from "./backend.ts";

const MOST_ENTRIES = 1000;

/** Why a token was forgotten: no room, its identity is gone, or what it rests on has changed. */
export type EvictionReason = "full" | "gone" | "changed";

/** A moment on both clocks: tokens expire by that on the wall, which may jump; the monotonic one may stand still. */
export type Moment = { readonly wall: number; readonly monotonic: number };

export type Entry = {
  readonly token: Token;
  /** What the back end said that it rests on; empty for nothing. */
  readonly version: string;
  readonly keptAt: Moment;
  /** On the monotonic clock: until then nobody gets a fresher token by asking for one. */
  restUntil: number;
  /** On it, too: until then the token is served although little of its life is left, since a fetch failed in passing. */
  staleUntil: number;
};

type Options = {
  readonly mostEntries?: number;
  readonly onEvicted?: (reason: EvictionReason) => void;
};

/** The tokens that are held: so many at most, those that were used last. */
export class CacheEntries {
  readonly #options: Options;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry that counts, which becomes the most recently used one. */
  get(key: string, version: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.version !== version) {
      this.#forget(key, "changed");
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size > (this.#options.mostEntries ?? MOST_ENTRIES)) {
      this.#forget(oldest, "full");
    }
  }

  /** Forgets the tokens of an identity that is gone. */
  forgetGone(isGone: (key: string) => boolean): void {
    for (const key of [...this.#entries.keys()].filter(isGone)) this.#forget(key, "gone");
  }

  clear(): void {
    this.#entries.clear();
  }

  #forget(key: string, reason: EvictionReason): void {
    this.#entries.delete(key);
    this.#options.onEvicted?.(reason);
  }
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

export function isValid(entry: Entry, now: Moment): boolean {
  return leftMs(entry, now) > 0;
}

/** Whether enough of its life is left for it to be handed out. */
export function isFit(entry: Entry, now: Moment): boolean {
  return leftMs(entry, now) >= LEAST_LIFE_MS;
}

export function isHalfOver(entry: Entry, now: Moment): boolean {
  return leftMs(entry, now) <= wholeMs(entry) / 2;
}

/**
 * What is left of a token's life, by the clock that says less. A clock that is set back gives it no time, and a machine
 * that slept has aged it.
 */
function leftMs(entry: Entry, now: Moment): number {
  const { token, keptAt } = entry;
  return Math.min(endOf(token) * 1000 - now.wall, wholeMs(entry) - (now.monotonic - keptAt.monotonic));
}

function wholeMs({ token, keptAt }: Entry): number {
  return endOf(token) * 1000 - keptAt.wall;
}
