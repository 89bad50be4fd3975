import type { Identity } from "../api/identity.ts";
import type { Token } from "../api/token-answer.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { type Backend, type Backends, backendFor, type TokenRequest } from "./backend.ts";
import {
  CacheEntries,
  type Entry,
  type EvictionReason,
  isFit,
  isHalfOver,
  isValid,
  momentOf,
} from "./cache-entries.ts";

/** How long the back end is left alone about a token after it was asked for it, with success or not. */
const REST_MS = 30_000;

/**
 * How a request was answered: from the cache, by a fetch of its own or of another's, by a token past its time, or by a
 * refusal without a fetch.
 */
export type CacheResult = "hit" | "miss" | "shared" | "stale" | "refused";

export type CacheOptions = {
  readonly backends: Backends;
  readonly clock?: Clock;
  readonly mostEntries?: number;
  /** Every request is a fetch of its own. */
  readonly isOff?: boolean;
  /** Told of a background refresh that failed; the token at hand is served on. */
  readonly onRefreshFailed?: (fault: Fault) => void;
  /** Told once of each request, failed ones too. */
  readonly onResult?: (result: CacheResult) => void;
  /** Asked before a request has a token fetched, with the UID of its pod. @throws Fault when it may not */
  readonly beforeFetch?: (podUid: string) => void;
  /** Asked before a request of a pod waits, with its UID; what it gives ends with the wait. @throws Fault when it may not */
  readonly beforeWait?: (podUid: string) => Disposable;
  /** Gives a pod for a while what it was refused before; `work` may say that what it comes to does not count. */
  readonly refusals?: {
    run<T>(podUid: string, question: string, work: (unkept: () => void) => Promise<T>): Promise<T>;
  };
  readonly onEvicted?: (reason: EvictionReason) => void;
};

/** What one request comes to. The type is part of the key, since the texts of back ends are made of users' words. */
type Want = {
  readonly key: string;
  readonly version: string;
  readonly backend: Backend;
  readonly request: TokenRequest;
};

/**
 * Tokens kept until shortly before they expire, by what the back end calls the same token:
 *
 *   fetched ──── served ────► half its life over ── served, refreshed behind ──► 5 min left ── fetched anew
 *                                                                                (stale only if that fails in passing)
 *
 * Requests that need the same fetch share it, and a failed one is not kept. Who may have a token is not decided here: callers decide on every request.
 */
export class TokenCache {
  readonly #options: CacheOptions;
  readonly #clock: Clock;
  readonly #entries: CacheEntries;
  readonly #flights = new SingleFlight<Token>();
  /** Fetches whose token is to be kept, and refreshes that nobody waits for, by key. */
  readonly #kept = new Map<string, symbol>();
  readonly #refreshes = new Map<string, AbortController>();

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#entries = new CacheEntries(options);
  }

  /** A token that is fit to be handed out. @throws Fault of the back end */
  async get(request: TokenRequest & { readonly bypassCache: boolean }, signal: AbortSignal): Promise<Token> {
    const backend = backendFor(this.#options.backends, request.identity);
    if (this.#options.isOff) return await this.#fetchUnkept(backend, request, signal);
    const version = backend.version === undefined ? "" : await this.#versionOf(backend, request, signal);
    const want = { key: `${request.identity.type}\n${backend.key(request)}`, version, backend, request };
    const entry = this.#entries.get(want.key, version);
    const now = momentOf(this.#clock);
    if (entry === undefined) return await this.#fetchNow(want, signal);

    const isResting = now.monotonic < entry.restUntil;
    if (isFit(entry, now) && (!request.bypassCache || isResting)) {
      if (isHalfOver(entry, now) && !isResting) this.#refreshBehind(want, entry);
      this.#tell("hit");
      return entry.token;
    }
    if (now.monotonic < entry.staleUntil && isValid(entry, now)) {
      this.#tell("stale");
      return entry.token;
    }
    return await this.#fetchNow(want, signal, entry);
  }

  /** What tokens rest on; where there is nothing any more, those of before are forgotten. */
  async #versionOf(backend: Backend, request: TokenRequest, signal: AbortSignal): Promise<string> {
    try {
      return (await backend.version?.(request, signal)) ?? "";
    } catch (reason) {
      if (!signal.aborted && !isPassing(reason)) this.evict(request.identity);
      throw reason;
    }
  }

  /**
   * Forgets all tokens of an identity that is no longer this node's, and ends refreshes of them. A fetch that somebody
   * waits for goes on without being kept: whether its token is still due is for each who waits to find out.
   */
  evict(identity: Identity): void {
    const backend = this.#options.backends[identity.type];
    if (backend === undefined) return;
    const prefix = `${identity.type}\n${backend.identityKey(identity)}\n`;
    const isOfIdentity = (key: string) => key.startsWith(prefix);
    this.#entries.forgetGone(isOfIdentity);
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

  async #fetchUnkept(backend: Backend, request: TokenRequest, signal: AbortSignal): Promise<Token> {
    let result: CacheResult = "refused";
    try {
      using _ = this.#options.beforeWait?.(request.podUid);
      this.#options.beforeFetch?.(request.podUid);
      result = "miss";
      return await backend.fetch(request, signal);
    } finally {
      this.#tell(result);
    }
  }

  #tell(result: CacheResult): void {
    this.#options.onResult?.(result);
  }

  /** A fetch of another version is another one, and only what was begun last is kept. */
  #fetch(
    want: Want,
    signal: AbortSignal,
    isAsked = true,
  ): { readonly fetched: Promise<Token>; readonly result: CacheResult } {
    let result: CacheResult = "shared";
    const begin = (alone: AbortSignal) => {
      result = "refused";
      if (isAsked) this.#options.beforeFetch?.(want.request.podUid);
      result = "miss";
      return this.#fetchAndKeep(want, alone);
    };
    const fetched = this.#flights.run(`${want.key}\n${want.version}`, begin, signal);
    return { fetched, result };
  }

  async #fetchAndKeep(want: Want, alone: AbortSignal): Promise<Token> {
    const { key, backend, request } = want;
    const self = Symbol(key);
    this.#kept.set(key, self);
    const isKept = () => this.#kept.get(key) === self;
    try {
      const token = await backend.fetch(request, alone);
      if (isKept()) this.#keep(want, token);
      return token;
    } finally {
      if (isKept()) this.#kept.delete(key);
    }
  }

  #keep({ key, version }: Want, token: Token): void {
    const keptAt = momentOf(this.#clock);
    const restUntil = keptAt.monotonic + REST_MS;
    this.#entries.keep(key, { token, version, keptAt, restUntil, staleUntil: keptAt.monotonic });
  }

  #refreshBehind(want: Want, entry: Entry): void {
    const { key } = want;
    entry.restUntil = this.#clock.monotonic() + REST_MS;
    const refresh = new AbortController();
    this.#refreshes.set(key, refresh);
    this.#fetch(want, refresh.signal, false)
      .fetched.catch((reason) => {
        if (!refresh.signal.aborted) this.#options.onRefreshFailed?.(Fault.from(reason));
      })
      .finally(() => {
        if (this.#refreshes.get(key) === refresh) this.#refreshes.delete(key);
      });
  }

  /** A token that is fetched, or else the one before, if it is valid and the fetch failed in passing. */
  async #fetchNow(want: Want, signal: AbortSignal, before?: Entry): Promise<Token> {
    let result: CacheResult = "refused";
    const wait = async (unkept: () => void) => {
      using _ = this.#options.beforeWait?.(want.request.podUid);
      const flight = this.#fetch(want, signal);
      result = flight.result;
      if (result === "shared") unkept(); // it was begun before, perhaps before a change
      return await flight.fetched;
    };
    try {
      const { refusals } = this.#options;
      const question = `token\n${want.key}\n${want.version}`;
      const token = await (refusals?.run(want.request.podUid, question, wait) ?? wait(() => {}));
      this.#tell(result);
      return token;
    } catch (reason) {
      const now = momentOf(this.#clock);
      if (signal.aborted || !isPassing(reason) || before === undefined || !isValid(before, now)) {
        this.#tell(result);
        throw reason;
      }
      before.restUntil = before.staleUntil = now.monotonic + REST_MS;
      this.#tell("stale");
      return before.token;
    }
  }
}

/** Trouble of the network or the service, rather than a refusal. */
function isPassing(reason: unknown): boolean {
  return reason instanceof Fault && (reason.kind === "upstream" || reason.kind === "throttled");
}
