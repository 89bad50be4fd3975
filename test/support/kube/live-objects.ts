import type { Meta } from "../../../src/api/meta.ts";
import { ObjectCache } from "../../../src/kube/object-cache.ts";

type Change<T> = { readonly before: T | undefined; readonly after: T | undefined };

/** Objects as a store shows them, without an API server: what is put is there at once, and listeners are told. */
export class LiveObjects<T extends { readonly meta: Meta }> {
  readonly #cache: ObjectCache<T>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #version = 0;
  /** Whether the first list is complete. */
  isReady = true;

  constructor(indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {}, ...objects: readonly T[]) {
    this.#cache = new ObjectCache(indexes, (change) => {
      for (const listener of this.#listeners) listener(change);
    });
    for (const object of objects) this.put(object);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  get(ref: Pick<Meta, "namespace" | "name">): T | undefined {
    return this.#cache.get(ref);
  }

  list(): readonly T[] {
    return this.#cache.list();
  }

  by(index: string, key: string): readonly T[] {
    return this.#cache.by(index, key);
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds the object, or puts it in the place of the one with its name. */
  put(object: T): void {
    this.#cache.put({ ...object, meta: { ...object.meta, resourceVersion: this.#nextVersion() } });
  }

  remove({ meta }: T): void {
    this.#cache.drop({ ...meta, resourceVersion: this.#nextVersion() });
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }
}
