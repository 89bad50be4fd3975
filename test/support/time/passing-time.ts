import type { Clock } from "../../../src/base/clock.ts";

type Planned = { readonly at: number; readonly run: () => void };

/** Time that passes from event to event, for all clocks that are made of it, as quickly as the code under test allows. */
export class PassingTime {
  ms = 0;
  readonly #planned = new Set<Planned>();

  /** How much is planned. */
  get planned(): number {
    return this.#planned.size;
  }

  /** Plans something; the answer takes it off the plan. */
  after(ms: number, run: () => void): () => void {
    const planned = { at: this.ms + ms, run };
    this.#planned.add(planned);
    return () => this.#planned.delete(planned);
  }

  /** Moves on to what comes next, and lets all that follows from it come to rest. */
  async step(): Promise<void> {
    let next: Planned | undefined;
    for (const planned of this.#planned) if (next === undefined || planned.at < next.at) next = planned;
    if (next !== undefined) {
      this.#planned.delete(next);
      this.ms = next.at;
      next.run();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A clock that runs so many times as fast, and whose time of day is whatever `now` says. */
  clock(speed: number, now: () => number = () => this.ms): Clock {
    return {
      now,
      monotonic: () => this.ms * speed,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const wake = () => {
            signal?.removeEventListener("abort", stop);
            resolve();
          };
          const cancel = this.after(ms / speed, wake);
          const stop = () => {
            cancel();
            reject(signal?.reason);
          };
          signal?.addEventListener("abort", stop, { once: true });
        }),
    };
  }
}
