import type { Kind } from "../api/kinds.ts";
import type { Meta } from "../api/meta.ts";
import { Backoff } from "../base/backoff.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { raceAbort } from "../base/single-flight.ts";
import { Asking } from "./asking.ts";
import type { KubeClient } from "./client.ts";
import { Listeners } from "./listeners.ts";
import { type Change, type Indexes, ObjectCache } from "./object-cache.ts";
import { ObjectReader } from "./object-reader.ts";
import { Outage } from "./outage.ts";
import { Pause } from "./pause.ts";
import type { WatchEvent } from "./watch.ts";
import { type ObjectRef, type Query, rawMeta } from "./wire.ts";

export type { Change } from "./object-cache.ts";

export type StoreOptions<T> = Query & {
  readonly client: KubeClient;
  readonly kind: Kind;
  /** What is kept of an object. @throws Fault OBJECT_INVALID, which leaves the object out */
  readonly read: (raw: unknown) => T;
  readonly log: Log;
  readonly clock?: Clock;
  readonly indexes?: Indexes<T>;
  /** Told each time that the API server is heard of: by a list, a watch that begins, an event or a bookmark. */
  readonly onContact?: () => void;
  /** Told each time that a list or a watch fails, before it is tried again. */
  readonly onTrouble?: (fault: Fault) => void;
  readonly random?: () => number;
};

/** A watch is renewed after 5 to 10 minutes, each at another moment. */
const WATCH_SECONDS = 300;
/** Longer than two of the API server's bookmarks, which come about once a minute. */
const IDLE_MS = 150_000;
/** A watch that ends sooner was not worth its request, whatever it showed: the next one waits. */
const SHORT_WATCH_MS = 1_000;
/** After these, the version that was seen last is still good. */
const MAY_RESUME = ["KUBE_UNREACHABLE", "KUBE_UNAUTHORIZED", "KUBE_FORBIDDEN", "KUBE_THROTTLED", "KUBE_ERROR"] as const;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * All objects of a kind that match a query, as the API server has them, kept up to date by a watch:
 *
 *     listing ──all pages──▶ watching ──its time is over───────────▶ watching   at once, from the last version seen
 *        ▲                      ├───────broken off, refused────────▶ watching   after a pause, from there too
 *        └──────────────────────┴───────version gone, ERROR event──▶ listing    after a pause; differences are told
 *
 * Pauses grow while nothing succeeds. What was read stays readable all the time. `catchUp` leads to listing at once.
 */
export class Store<T extends { readonly meta: Meta }> {
  readonly #options: StoreOptions<T>;
  readonly #clock: Clock;
  readonly #cache: ObjectCache<T>;
  readonly #listeners: Listeners<Change<T>>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  readonly #reader: ObjectReader<T>;
  /** Where the next watch begins; undefined while there is nothing to begin from. */
  #position: string | undefined;
  /** Ends the list, the watch or the pause under way. */
  #turn = new AbortController();
  readonly #pause: Pause;
  readonly #asking: Asking;
  /** Those who wait for a list that begins from now on. */
  #awaited: PromiseWithResolvers<void> | undefined;
  #isReady = false;
  /** The last watch was not worth its request: that the next one begins, or a list succeeds, is no good sign yet. */
  #wasShort = false;

  constructor(options: StoreOptions<T>) {
    const { clock = realClock, indexes = {}, random = Math.random, log, kind } = options;
    this.#options = options;
    this.#clock = clock;
    this.#pause = new Pause(clock);
    this.#asking = new Asking(clock);
    this.#listeners = new Listeners(log);
    this.#reader = new ObjectReader(options);
    this.#cache = new ObjectCache(indexes, (change) => this.#listeners.tell(change));
    this.#backoff = new Backoff({ firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random });
    this.#outage = new Outage({
      log,
      failing: "cannot follow objects of the API server, trying again",
      well: "following objects of the API server again",
      fields: { resource: kind.plural },
      clock,
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when the first list is complete; rejects with the signal's reason. */
  async ready(signal?: AbortSignal): Promise<void> {
    await (signal === undefined ? this.#ready.promise : raceAbort(this.#ready.promise, signal));
  }

  /**
   * Resolves when the store holds all that the API server had at the moment of the call, even if the watch has been
   * silently dead for a while: everything is listed anew. Rejects with the signal's reason.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    this.#awaited ??= Promise.withResolvers<void>();
    this.#turn.abort(new DOMException("a new list is asked for", "AbortError"));
    await raceAbort(this.#awaited.promise, signal);
  }

  /** The API server was heard of elsewhere: if it was out of reach, it is tried again now. */
  hurry(): void {
    this.#pause.end();
    if (this.#asking.isHanging) this.#turn.abort(new DOMException("the API server answers others", "AbortError"));
  }

  list(): readonly T[] {
    return this.#cache.list();
  }

  get(ref: ObjectRef): T | undefined {
    return this.#cache.get(ref);
  }

  /** The objects that an index has under a key. */
  by(index: string, key: string): readonly T[] {
    return this.#cache.by(index, key);
  }

  /** Calls a listener after the store holds a change; the answer ends that. */
  onChange(listener: (change: Change<T>) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Takes over what our own write was answered with: reads see it at once, and an older event does not undo it.
   * @throws Fault OBJECT_INVALID
   */
  accept(raw: unknown): T {
    const object = this.#options.read(raw);
    this.#cache.accept(object);
    return object;
  }

  /** Our own deletion was answered: reads no longer see the object, and an older event does not bring it back. */
  forget(ref: ObjectRef, uid: string): void {
    this.#cache.forget(ref, uid);
  }

  /** Lists and watches until the signal aborts or the client is closed; tries again until then. */
  async run(signal: AbortSignal): Promise<void> {
    const end = AbortSignal.any([signal, this.#options.client.closed]);
    while (!end.aborted) {
      this.#turn = new AbortController();
      const turn = AbortSignal.any([end, this.#turn.signal]);
      if (this.#awaited !== undefined) this.#position = undefined;
      try {
        this.#position ??= await this.#listAll(turn);
        await this.#watchFrom(this.#position, turn);
      } catch (reason) {
        if (!turn.aborted) await this.#recover(Fault.from(reason), turn);
      }
    }
  }

  async #listAll(signal: AbortSignal): Promise<string> {
    const { client, kind } = this.#options;
    const { read, done } = this.#reader.ofList();
    this.#cache.beginList();
    const { objects, resourceVersion } = await client.listAs(kind, this.#options, read, signal);
    signal.throwIfAborted(); // whoever asked meanwhile needs a list that begins later
    done();
    this.#cache.replaceAll(objects, resourceVersion);
    this.#heard();
    this.#isReady = true;
    this.#ready.resolve();
    this.#awaited?.resolve();
    this.#awaited = undefined;
    return resourceVersion;
  }

  async #watchFrom(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, kind, random = Math.random } = this.#options;
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + random()));
    const begin = this.#clock.monotonic();
    const watch = { resourceVersion, timeoutSeconds, idleMs: IDLE_MS };
    const events = await this.#asking.for(client.watch(kind, this.#options, watch, signal));
    this.#heard();
    try {
      await this.#follow(events, begin);
    } finally {
      this.#wasShort = !signal.aborted && !this.#lasts(begin);
    }
    if (this.#wasShort) throw new Fault("KUBE_ERROR", `the API server ends every watch of ${kind.plural} at once`);
    if (this.#clock.monotonic() - begin > LONGEST_PAUSE_MS) this.#backoff.reset();
  }

  #lasts(begin: number): boolean {
    return this.#clock.monotonic() - begin >= SHORT_WATCH_MS;
  }

  async #follow(events: AsyncIterable<WatchEvent>, begin: number): Promise<void> {
    try {
      for await (const event of events) {
        this.#options.onContact?.();
        this.#take(event);
        this.#position = event.resourceVersion;
        if (!this.#lasts(begin)) continue;
        this.#outage.well();
        this.#backoff.reset();
      }
    } catch (reason) {
      // What lies ahead cannot be sent or understood: only a new list leads past it.
      if (!Fault.is(reason, "KUBE_UNREACHABLE")) this.#position = undefined;
      throw reason;
    }
  }

  #take({ type, object, resourceVersion }: WatchEvent): void {
    if (type === "DELETED") {
      this.#reader.forget(object);
      this.#cache.drop(rawMeta(object));
    } else if (type !== "BOOKMARK") {
      const [readable] = this.#reader.read(object);
      if (readable === undefined) this.#cache.drop(rawMeta(object));
      else this.#cache.put(readable);
    }
    this.#cache.reached(resourceVersion);
  }

  #heard(): void {
    if (!this.#wasShort) this.#outage.well();
    this.#options.onContact?.();
  }

  async #recover(fault: Fault, signal: AbortSignal): Promise<void> {
    const { log, kind, onTrouble } = this.#options;
    onTrouble?.(fault);
    if (fault.code === "KUBE_GONE") log.verbose(2, "version is gone, listing anew", { resource: kind.plural });
    else this.#outage.failed(fault);
    if (!Fault.is(fault, ...MAY_RESUME)) this.#position = undefined;
    const pauseMs = Math.max(this.#backoff.next(), fault.retryAfterMs ?? 0);
    await this.#pause.over(pauseMs, fault.code === "KUBE_UNREACHABLE", signal);
  }
}
