import type { Clock } from "../../src/base/clock.ts";
import type { Timeline } from "./timeline.ts";

const START = Date.UTC(2026, 0, 1);

/**
 * One run of a program. Whatever reaches the program, the end of a sleep or an answer, passes through here; once it is
 * killed nothing does, so that it stops for ever at the await where it was.
 */
export class Life {
  readonly #timeline: Timeline;
  /** How many more things reach it before it is killed. */
  #left = Number.POSITIVE_INFINITY;
  #onDeath: () => void = () => {};

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }

  /** Kills it when so many more things were about to reach it. */
  killAfter(count: number, onDeath: () => void): void {
    if (this.isOver) return;
    this.#left = Math.max(1, count);
    this.#onDeath = onDeath;
  }

  /** It has ended by itself. */
  end(): void {
    this.#left = 0;
  }

  reach(run: () => void): void {
    if (this.isOver) return;
    this.#left -= 1;
    if (this.isOver) this.#onDeath();
    else run();
  }

  readonly clock: Clock = {
    now: () => START + this.#timeline.now,
    monotonic: () => this.#timeline.now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const callOff = this.#timeline.in(ms, () => {
          signal?.removeEventListener("abort", wakeUp);
          this.reach(resolve);
        });
        const wakeUp = () => {
          callOff();
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", wakeUp, { once: true });
      }),
  };
}
