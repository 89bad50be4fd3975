import { isDeepStrictEqual } from "node:util";
import type { Meta } from "../api/meta.ts";
import { objectKey } from "../api/meta.ts";
import { isOlder, type ObjectRef } from "./wire.ts";

export type Change<T> = {
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** By a write of our own, whose answer came before the watch showed it. */
  readonly isOwn: boolean;
};
/** For each index, the keys under which an object is found. */
export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** Who tells of most changes. */
const WATCH = { isOwn: false };

type Index<T> = { readonly keysOf: (object: T) => readonly string[]; readonly objects: Map<string, Map<string, T>> };

/**
 * Objects of one kind by name, with indexes. News comes from two sides, the watch and the answers to our own writes, in
 * any order; of two versions of an object the later one stays, and what we know to be deleted does not come back. That
 * holds within one history. After a restore from a backup the API server has another, whose versions tell nothing about
 * those of the lost one: so a list counts for more than all that was known when it began.
 */
export class ObjectCache<T extends { readonly meta: Meta }> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  readonly #onChange: (change: Change<T>) => void;
  /** UIDs of what we wrote since the last list began, as far as the watch has not shown it. */
  readonly #written = new Set<string>();
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

  /** A list is asked for: only what we write from now on can be news to it. */
  beginList(): void {
    this.#written.clear();
    this.#forgotten.clear();
  }

  /** A list, which is complete: what is held gives way to it, except what we wrote after it was made. */
  replaceAll(objects: readonly T[], version: string): void {
    this.#seen = version;
    const isLater = ({ meta }: T) => this.#written.has(meta.uid) && isOlder(version, meta.resourceVersion);
    const listed = new Set(objects.map(({ meta }) => objectKey(meta)));
    const uids = new Set(objects.map(({ meta }) => meta.uid));
    for (const uid of this.#forgotten) if (!uids.has(uid)) this.#forgotten.delete(uid);
    for (const [key, held] of this.#objects) if (!listed.has(key) && !isLater(held)) this.#set(key, undefined);
    for (const object of objects) {
      const held = this.get(object.meta);
      if (this.#forgotten.has(object.meta.uid) || (held !== undefined && isLater(held))) continue;
      if (!isDeepStrictEqual(held, object)) this.#set(objectKey(object.meta), object);
    }
  }

  /** An object as the watch shows it. */
  put(object: T): void {
    this.#written.delete(object.meta.uid);
    this.#take(object);
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
    if (this.#take(object, { isOwn: true })) this.#written.add(object.meta.uid);
  }

  /** The answer to our own deletion. */
  forget(ref: ObjectRef, uid: string): void {
    if (this.get(ref)?.meta.uid !== uid) return;
    this.#forgotten.add(uid);
    this.#set(objectKey(ref), undefined, { isOwn: true });
  }

  /** Holds the object if it is news, and tells whether it was. */
  #take(object: T, by = WATCH): boolean {
    if (this.#forgotten.has(object.meta.uid)) return false;
    const held = this.get(object.meta);
    if (held !== undefined && isSameOrOlder(object.meta, held.meta)) return false;
    this.#set(objectKey(object.meta), object, by);
    return true;
  }

  #set(key: string, after: T | undefined, { isOwn } = WATCH): void {
    const before = this.#objects.get(key);
    if (before === undefined && after === undefined) return;
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    for (const index of this.#indexes.values()) reindex(index, key, before, after);
    this.#onChange({ before, after, isOwn });
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
