import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";

/** Those who are told of something; one that fails keeps it from no other. */
export class Listeners<T> {
  readonly #log: Log;
  readonly #all = new Set<(news: T) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The answer ends it. */
  add(listener: (news: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(news: T): void {
    for (const listener of this.#all) {
      try {
        listener(news);
      } catch (reason) {
        this.#log.error("a listener to changes failed", { error: Fault.from(reason).message });
      }
    }
  }
}
