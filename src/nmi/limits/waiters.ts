import { Fault } from "../../base/fault.ts";

/** Requests of a pod that wait at a time. */
const MOST_WAITERS = 16;

/** How many requests of each pod wait for an assignment or for a token that is fetched. */
export class WaiterLimit {
  readonly #onRefused: (podUid: string) => void;
  readonly #waiting = new Map<string, number>();

  constructor(onRefused: (podUid: string) => void) {
    this.#onRefused = onRefused;
  }

  /** One more waits, until the answer is disposed of. @throws Fault LIMIT_REACHED */
  readonly enter = (podUid: string): Disposable => {
    const before = this.#waiting.get(podUid) ?? 0;
    if (before >= MOST_WAITERS) {
      this.#onRefused(podUid);
      throw new Fault("LIMIT_REACHED", `${before} requests of the pod wait already: ask again later`);
    }
    this.#waiting.set(podUid, before + 1);
    return { [Symbol.dispose]: () => this.#leave(podUid) };
  };

  /** How many pods have requests that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  #leave(podUid: string): void {
    const left = (this.#waiting.get(podUid) ?? 0) - 1;
    if (left > 0) this.#waiting.set(podUid, left);
    else this.#waiting.delete(podUid);
  }
}
