import { Backoff } from "../../base/backoff.ts";
import { StatusError } from "../kube-api/status.ts";

const RETRIES = { firstMs: 100, maxMs: 5_000 };

/** Does the work for a key; the result is after how many milliseconds it wants to look again. */
export type Work = (key: string) => number | undefined;

/**
 * Work that is due, a key once however often it is planned, each a moment after it was. A refusal by the API server
 * is tried again after growing pauses.
 */
export class WorkQueue {
  readonly #work: Work;
  readonly #due = new Set<string>();
  readonly #later = new Map<string, NodeJS.Timeout>();
  readonly #pauses = new Map<string, Backoff>();
  #isOver = false;

  constructor(work: Work) {
    this.#work = work;
  }

  plan(key: string): void {
    if (this.#isOver) return;
    if (this.#due.size === 0) setImmediate(() => this.#run());
    this.#due.add(key);
  }

  /** Nothing is done from now on. */
  end(): void {
    this.#isOver = true;
    this.#due.clear();
    for (const timer of this.#later.values()) clearTimeout(timer);
  }

  #run(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const key of due) if (!this.#isOver) this.#doOne(key);
  }

  #doOne(key: string): void {
    clearTimeout(this.#later.get(key));
    this.#later.delete(key);
    try {
      const again = this.#work(key);
      this.#pauses.delete(key);
      if (again !== undefined) this.#planLater(key, again);
    } catch (reason) {
      if (!(reason instanceof StatusError)) throw reason;
      const pauses = this.#pauses.get(key) ?? new Backoff(RETRIES);
      this.#pauses.set(key, pauses);
      this.#planLater(key, pauses.next());
    }
  }

  #planLater(key: string, ms: number): void {
    const wait = Math.min(Math.max(ms, 1), 2 ** 31 - 1); // Node's timers take no more
    this.#later.set(key, setTimeout(() => this.plan(key), wait).unref());
  }
}
