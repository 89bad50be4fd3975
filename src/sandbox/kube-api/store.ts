import { type Change, Collection, keyOf } from "./collection.ts";
import type { KubeObject } from "./json.ts";
import type { Resource } from "./resource.ts";

export type Name = Pick<Resource, "group" | "plural">;

/** Every object of the server. Revisions grow over all resources; an object carries the one of its last change. */
export class Store {
  readonly #collections = new Map<string, Collection>();
  #revision = 0;
  #compacted = 0;
  readonly #listeners: ((name: Name, change: Change) => void)[] = [];

  /** The revision of the newest change. */
  get revision(): number {
    return this.#revision;
  }

  of({ group, plural }: Name): Collection {
    const key = `${group}/${plural}`;
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      collection = new Collection(this.#compacted);
      this.#collections.set(key, collection);
    }
    return collection;
  }

  /** Stores an object under its name, in place of what was there, and gives it a new resourceVersion. */
  put(resource: Name, object: KubeObject): KubeObject {
    const collection = this.of(resource);
    const previous = collection.get(keyOf(object.metadata));
    const stored = this.#stamp(object);
    const type = previous === undefined ? "ADDED" : "MODIFIED";
    this.#apply(resource, { type, revision: this.#revision, object: stored, previous });
    return stored;
  }

  /** Removes what is stored under the object's name; the result is the given last state with a new resourceVersion. */
  remove(resource: Name, object: KubeObject): KubeObject {
    const collection = this.of(resource);
    const previous = collection.get(keyOf(object.metadata));
    const last = this.#stamp(object);
    this.#apply(resource, { type: "DELETED", revision: this.#revision, object: last, previous });
    return last;
  }

  /** Calls back for each change of any resource from now on, after those who watch the resource. */
  onChange(listener: (name: Name, change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes every revision up to now too old to list or to watch from. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const collection of this.#collections.values()) collection.compact(this.#revision);
  }

  #apply(name: Name, change: Change): void {
    this.of(name).apply(change);
    for (const listener of this.#listeners) listener(name, change);
  }

  #stamp(object: KubeObject): KubeObject {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }
}
