import { type Clock, realClock } from "../base/clock.ts";

export type DeadlineOptions = {
  readonly ms: number;
  /** Why the signal aborts when the time is over. */
  readonly reason: () => Error;
  /** A signal that the deadline's own follows. */
  readonly outer?: AbortSignal | undefined;
  readonly clock?: Clock;
};

/** A signal that aborts after a time, or as soon as an outer one does. Dispose of it when the work is done. */
export class Deadline implements Disposable {
  readonly #abort = new AbortController();
  readonly #done = new AbortController();
  readonly #outer: AbortSignal | undefined;

  constructor({ ms, reason, outer, clock = realClock }: DeadlineOptions) {
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener("abort", this.#follow, { once: true });
    clock.sleep(ms, this.#done.signal).then(
      () => this.#abort.abort(reason()),
      () => {}, // disposed of in time
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly #follow = (): void => this.#abort.abort(this.#outer?.reason);

  [Symbol.dispose](): void {
    this.#outer?.removeEventListener("abort", this.#follow);
    this.#done.abort();
  }
}
