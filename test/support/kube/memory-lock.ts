import { kinds } from "../../../src/api/kinds.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { LeaderLock, LockRecord, LockTerms } from "../../../src/kube/lock.ts";
import type { PassingTime } from "../time/passing-time.ts";

/** What happens to a message on its way; undefined is never delivered. */
export type Weather = () => number | undefined;

/** One object that holds a lock, as an API server keeps it, and the ways to it. */
export class MemoryLock {
  readonly #time: PassingTime;
  readonly #watchers = new Set<() => void>();
  #version = 0;
  record: LockRecord | undefined;

  constructor(time: PassingTime) {
    this.#time = time;
  }

  /** The lock as one candidate reaches it: each request and each answer meets the weather. */
  reached(weather: Weather): LeaderLock {
    const ask = <T>(apply: () => T, signal: AbortSignal) => this.#exchange(apply, weather, signal);
    return {
      kind: kinds.lease,
      ref: { namespace: "ns", name: "lock" },
      look: (signal) => ask(() => this.record, signal),
      create: (terms, signal) => ask(() => this.#write(undefined, terms), signal),
      update: (record, terms, signal) => ask(() => this.#write(record, terms), signal),
      watch: (signal) => this.#watch(weather, signal),
    };
  }

  #write(over: LockRecord | undefined, terms: LockTerms): LockRecord {
    if (over !== undefined && this.record === undefined) throw new Fault("KUBE_NOT_FOUND", "there is no lock");
    if (over?.resourceVersion !== this.record?.resourceVersion) throw new Fault("KUBE_CONFLICT", "another was quicker");
    this.#version += 1;
    const resourceVersion = String(this.#version);
    const { holder, durationMs, transitions = over?.transitions ?? 0 } = terms;
    this.record = { holder, durationMs, transitions, resourceVersion, uid: "1", raw: {} };
    for (const tell of this.#watchers) tell();
    return this.record;
  }

  /** Aborting is only ours to know of: what was sent arrives all the same. */
  #exchange<T>(apply: () => T, weather: Weather, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const answer = (tell: () => void) => this.#deliver(weather, tell);
      this.#deliver(weather, () => {
        try {
          const result = apply();
          answer(() => resolve(result));
        } catch (reason) {
          answer(() => reject(reason));
        }
      });
    });
  }

  #deliver(weather: Weather, message: () => void): void {
    const ms = weather();
    if (ms !== undefined) this.#time.after(ms, message);
  }

  async *#watch(weather: Weather, signal: AbortSignal): AsyncGenerator<string | undefined> {
    const seen: (string | undefined)[] = [];
    let wake = () => {};
    const tell = () => {
      const holder = this.record?.holder;
      this.#deliver(weather, () => {
        seen.push(holder);
        wake();
      });
    };
    this.#watchers.add(tell);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        yield* seen.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || seen.length > 0) resolve();
        });
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }
}
