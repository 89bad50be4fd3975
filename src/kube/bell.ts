import type { Clock } from "../base/clock.ts";

/** Sleep that may be cut short: by a ring while it lasts, or since the bell was last quieted. */
export class Bell {
  readonly #clock: Clock;
  #rung = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung.abort(new DOMException("there is news", "AbortError"));
  }

  /** Forgets rings so far: call it before the look that takes notice of them. */
  quiet(): void {
    if (this.#rung.signal.aborted) this.#rung = new AbortController();
  }

  /** Rejects with the signal's reason. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, AbortSignal.any([signal, this.#rung.signal])).catch(() => {}); // sooner than planned
    signal.throwIfAborted();
  }
}
