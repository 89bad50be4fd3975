/** Where changes of objects are told, after they can be seen. */
type Source = { onChange(listener: () => void): () => void };

const MOST_KEPT = 1000;

/** What was found out about objects, for as long as none of them changes: most requests come while nothing does. */
export class Unchanged<T> implements Disposable {
  readonly #kept = new Map<string, T>();
  readonly #ends: readonly (() => void)[];

  constructor(sources: readonly (Source | undefined)[]) {
    this.#ends = sources.map((source) => source?.onChange(() => this.#kept.clear()) ?? (() => {}));
  }

  get(key: string): T | undefined {
    return this.#kept.get(key);
  }

  keep(key: string, found: T): void {
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, found);
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}
