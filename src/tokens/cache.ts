import type { Identity } from "../api/identity.ts";
import type { Token } from "../api/token-answer.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { type Backend, type Backends, backendFor, LEAST_LIFE_MS, type TokenRequest } from "./backend.ts";

/** How long the back end is left alone about a token after it was asked for it, with success or not. */
const REST_MS = 30_000;
const MOST_ENTRIES = 1000;

export type CacheOptions = {
  readonly backends: Backends;
  readonly clock?: Clock;
  readonly mostEntries?: number;
  /** Every request is a fetch of its own. */
  readonly isOff?: boolean;
  /** Told of a background refresh that failed; the token at hand is served on. */
  readonly onRefreshFailed?: (fault: Fault) => void;
};

type Entry = {
  readonly token: Token;
  readonly halfLifeAt: number;
  /** Until then nobody gets a fresher token by asking for one. */
  restUntil: number;
  /** Until then the token is served although too little of its life is left, since a fetch failed in passing. */
  staleUntil: number;
};

/**
 * Tokens kept until shortly before they expire, by what the back end calls the same token:
 *
 *   fetched ──── served ────► half its life over ── served, refreshed behind ──► 5 min left ── fetched anew
 *                                                                                (stale only if that fails in passing)
 *
 * Requests that need the same fetch share it, and a failed one is not kept. Times are compared on the clock that
 * tokens expire by. Who may have a token is not decided here: callers decide on every request.
 */
export class TokenCache {
  readonly #options: CacheOptions;
  readonly #clock: Clock;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new SingleFlight<Token>();
  /** Fetches whose token is to be kept, and refreshes that nobody waits for, by key. */
  readonly #kept = new Map<string, symbol>();
  readonly #refreshes = new Map<string, AbortController>();

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** A token that is fit to be handed out. @throws Fault of the back end */
  async get(request: TokenRequest & { readonly bypassCache: boolean }, signal: AbortSignal): Promise<Token> {
    const backend = backendFor(this.#options.backends, request.identity);
    if (this.#options.isOff) return await backend.fetch(request, signal);
    const key = backend.key(request);
    const entry = this.#entries.get(key);
    const now = this.#clock.now();
    if (entry === undefined) return this.#fetch(key, backend, request, signal);

    this.#touch(key, entry);
    const isResting = now < entry.restUntil;
    if (isFit(entry, now) && (!request.bypassCache || isResting)) {
      if (now >= entry.halfLifeAt && !isResting) this.#refreshBehind(key, backend, request, entry);
      return entry.token;
    }
    if (now < entry.staleUntil && isValid(entry, now)) return entry.token;
    return this.#fetchOrStale(key, backend, request, entry, signal);
  }

  /**
   * Forgets all tokens of an identity that is no longer this node's, and ends refreshes of them. A fetch that somebody
   * waits for goes on without being kept: whether its token is still due is for each who waits to find out.
   */
  evict(identity: Identity): void {
    const prefix = this.#options.backends[identity.type]?.identityKey(identity);
    if (prefix === undefined) return;
    const isOfIdentity = (key: string) => key.startsWith(`${prefix}\n`);
    for (const key of [...this.#entries.keys()].filter(isOfIdentity)) this.#entries.delete(key);
    for (const key of [...this.#kept.keys()].filter(isOfIdentity)) this.#kept.delete(key);
    for (const [key, refresh] of this.#refreshes) if (isOfIdentity(key)) refresh.abort();
  }

  /** How many tokens are held. */
  get size(): number {
    return this.#entries.size;
  }

  /** Ends background refreshes. */
  [Symbol.dispose](): void {
    for (const refresh of this.#refreshes.values()) refresh.abort();
    this.#entries.clear();
    this.#kept.clear();
  }

  #fetch(key: string, backend: Backend, request: TokenRequest, signal: AbortSignal): Promise<Token> {
    return this.#flights.run(key, (alone) => this.#fetchAndKeep(key, backend, request, alone), signal);
  }

  async #fetchAndKeep(key: string, backend: Backend, request: TokenRequest, alone: AbortSignal): Promise<Token> {
    const self = Symbol(key);
    this.#kept.set(key, self);
    const isKept = () => this.#kept.get(key) === self;
    try {
      const token = await backend.fetch(request, alone);
      if (isKept()) this.#keep(key, token);
      return token;
    } finally {
      if (isKept()) this.#kept.delete(key);
    }
  }

  #keep(key: string, token: Token): void {
    const fetchedAt = this.#clock.now();
    const halfLifeAt = fetchedAt + (token.expiresOn * 1000 - fetchedAt) / 2;
    this.#entries.delete(key);
    this.#entries.set(key, { token, halfLifeAt, restUntil: fetchedAt + REST_MS, staleUntil: 0 });
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size > (this.#options.mostEntries ?? MOST_ENTRIES)) {
      this.#entries.delete(oldest);
    }
  }

  #touch(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  #refreshBehind(key: string, backend: Backend, request: TokenRequest, entry: Entry): void {
    entry.restUntil = this.#clock.now() + REST_MS;
    const refresh = new AbortController();
    this.#refreshes.set(key, refresh);
    this.#fetch(key, backend, request, refresh.signal)
      .catch((reason) => {
        if (!refresh.signal.aborted) this.#options.onRefreshFailed?.(Fault.from(reason));
      })
      .finally(() => {
        if (this.#refreshes.get(key) === refresh) this.#refreshes.delete(key);
      });
  }

  async #fetchOrStale(
    key: string,
    backend: Backend,
    request: TokenRequest,
    entry: Entry,
    signal: AbortSignal,
  ): Promise<Token> {
    try {
      return await this.#fetch(key, backend, request, signal);
    } catch (reason) {
      const now = this.#clock.now();
      if (signal.aborted || !isPassing(reason) || !isValid(entry, now)) throw reason;
      entry.restUntil = entry.staleUntil = now + REST_MS;
      return entry.token;
    }
  }
}

function isValid({ token }: Entry, nowMs: number): boolean {
  return token.expiresOn * 1000 > nowMs;
}

function isFit({ token }: Entry, nowMs: number): boolean {
  return token.expiresOn * 1000 - nowMs >= LEAST_LIFE_MS;
}

/** Trouble of the network or the service, rather than a refusal. */
function isPassing(reason: unknown): boolean {
  return reason instanceof Fault && (reason.kind === "upstream" || reason.kind === "throttled");
}
