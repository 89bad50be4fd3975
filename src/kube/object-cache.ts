import type { Meta } from "../api/meta.ts";
import { objectKey } from "../api/meta.ts";
import { isOlder, type ObjectRef } from "./wire.ts";

export type Change<T> = { readonly before: T | undefined; readonly after: T | undefined };
/** For each index, the keys under which an object is found. */
export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

type Index<T> = { readonly keysOf: (object: T) => readonly string[]; readonly objects: Map<string, Map<string, T>> };

/**
 * Objects of one kind by name, with indexes. News comes from two sides, the watch and the answers to our own writes, in
 * any order; of two versions of an object the later one stays, and what we know to be deleted does not come back.
 */
export class ObjectCache<T extends { readonly meta: Meta }> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  readonly #onChange: (change: Change<T>) => void;
  /** UIDs whose deletion we were told of before the watch was. */
  readonly #forgotten = new Set<string>();
  /** How far list and watch have come. */
  #seen = "";

  constructor(indexes: Indexes<T>, onChange: (change: Change<T>) => void) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, keysOf]) => [name, { keysOf, objects: new Map() }]));
    this.#onChange = onChange;
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(objectKey(ref));
  }

  by(index: string, key: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`there is no index "${index}"`);
    return [...(found.objects.get(key)?.values() ?? [])];
  }

  /** A list, which is complete: what it lacks is gone, except what was written after it. */
  replaceAll(objects: readonly T[], version: string): void {
    // After a restore from a backup versions begin again at a lower one, and what we hold tells nothing.
    const isRewound = isOlder(version, this.#seen);
    this.#seen = version;
    const listed = new Map(objects.map((object) => [objectKey(object.meta), object]));
    const uids = new Set(objects.map(({ meta }) => meta.uid));
    for (const uid of this.#forgotten) if (isRewound || !uids.has(uid)) this.#forgotten.delete(uid);
    for (const [key, held] of this.#objects) {
      if (!listed.has(key) && (isRewound || !isOlder(version, held.meta.resourceVersion))) this.#set(key, undefined);
    }
    for (const object of objects) {
      if (isRewound) this.#set(objectKey(object.meta), object);
      else this.put(object);
    }
  }

  /** An object as list or watch show it. */
  put(object: T): void {
    if (this.#forgotten.has(object.meta.uid)) return;
    const held = this.get(object.meta);
    if (held === undefined || !isSameOrOlder(object.meta, held.meta)) this.#set(objectKey(object.meta), object);
  }

  /** The watch showed that the object is gone, as of that version. */
  drop(gone: ObjectRef & { readonly uid: string; readonly resourceVersion: string }): void {
    this.#forgotten.delete(gone.uid);
    const held = this.get(gone);
    if (held !== undefined && !isOlder(gone.resourceVersion, held.meta.resourceVersion)) {
      this.#set(objectKey(gone), undefined);
    }
  }

  /** The watch has shown everything up to this version. */
  reached(version: string): void {
    this.#seen = version;
  }

  /** The answer to our own write. One that comes so late that the watch has passed it tells nothing. */
  accept(object: T): void {
    const isPassed = isOlder(object.meta.resourceVersion, this.#seen) || object.meta.resourceVersion === this.#seen;
    if (this.get(object.meta) === undefined && isPassed) return;
    this.put(object);
  }

  /** The answer to our own deletion. */
  forget(ref: ObjectRef, uid: string): void {
    if (this.get(ref)?.meta.uid !== uid) return;
    this.#forgotten.add(uid);
    this.#set(objectKey(ref), undefined);
  }

  #set(key: string, after: T | undefined): void {
    const before = this.#objects.get(key);
    if (before === undefined && after === undefined) return;
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    for (const index of this.#indexes.values()) reindex(index, key, before, after);
    this.#onChange({ before, after });
  }
}

function isSameOrOlder(a: Meta, b: Meta): boolean {
  return a.resourceVersion === b.resourceVersion || isOlder(a.resourceVersion, b.resourceVersion);
}

function reindex<T>(index: Index<T>, key: string, before: T | undefined, after: T | undefined): void {
  for (const word of before === undefined ? [] : index.keysOf(before)) {
    const found = index.objects.get(word);
    found?.delete(key);
    if (found?.size === 0) index.objects.delete(word);
  }
  for (const word of after === undefined ? [] : index.keysOf(after)) {
    const found = index.objects.get(word);
    if (found === undefined) index.objects.set(word, new Map([[key, after as T]]));
    else found.set(key, after as T);
  }
}
