import type { Clock } from "../../../src/base/clock.ts";

type Sleeper = { readonly ms: number; readonly at: number; readonly wake: () => void };

/** A clock that moves only when told. `asleep()` waits until the code under test really sleeps. */
export class FakeClock implements Clock {
  #ms = 0;
  #start: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  /** How many are asleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** For how long each asked to sleep who is asleep. */
  get asleepFor(): readonly number[] {
    return [...this.#sleepers].map(({ ms }) => ms);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { ms, at: this.#ms + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => this.#sleepers.delete(sleeper) && reject(signal.reason), { once: true });
      for (const seen of this.#watchers) seen();
    });
  }

  /** Resolves once at least `count` are asleep. */
  asleep(count = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#sleepers.size < count) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Moves time on and wakes, in order, all whose time has come. */
  advance(ms: number): void {
    this.#ms += ms;
    const due = [...this.#sleepers].filter(({ at }) => at <= this.#ms).sort((a, b) => a.at - b.at);
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  /** Sets the time of day, forwards or backwards; no time passes. */
  step(ms: number): void {
    this.#start += ms;
  }

  /** Lets time pass in steps, whenever somebody sleeps, until the promise is settled. */
  async passUntil<T>(result: Promise<T>, stepMs: number): Promise<T> {
    let isOver = false;
    const settle = () => {
      isOver = true;
    };
    const over = result.then(settle, settle);
    while (!isOver) {
      await Promise.race([this.asleep(), over]);
      this.advance(stepMs);
    }
    return result;
  }
}
