import type { KubeObject, Meta } from "./json.ts";

/** One write. `previous` is what the object was before it; `object` of a removal is the last state. */
export type Change = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
};

/** Changes that are kept for watches that resume and for lists in pages, at most twice as many at a time. */
const CHANGES_KEPT = 10_000;

/** `<namespace>/<name>`: objects are listed in the order of their keys. */
export function keyOf({ namespace = "", name }: Pick<Meta, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** All objects of one resource, in the order of their keys, and the changes that led to them. */
export class Collection {
  readonly #objects = new Map<string, KubeObject>();
  readonly #keys: string[] = [];
  readonly #watchers = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  /** The newest revision whose change is no longer kept. */
  #floor: number;

  constructor(floor: number) {
    this.#floor = floor;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** The objects of a namespace, or of all of them when it is empty. */
  list(namespace: string): KubeObject[] {
    const [from, to] = namespace === "" ? [0, this.#keys.length] : this.#range(`${namespace}/`);
    const found: KubeObject[] = [];
    for (let i = from; i < to; i++) {
      const object = this.#objects.get(this.#keys[i] ?? "");
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** The same list as it was at a revision; undefined when the changes since then are not kept any more. */
  listAt(revision: number, namespace: string): KubeObject[] | undefined {
    const changes = this.since(revision);
    if (changes === undefined) return undefined;
    if (changes.length === 0) return this.list(namespace);
    const then = new Map(this.list(namespace).map((object) => [keyOf(object.metadata), object]));
    for (const { object, previous } of changes.toReversed()) {
      if (namespace !== "" && object.metadata.namespace !== namespace) continue;
      if (previous === undefined) then.delete(keyOf(object.metadata));
      else then.set(keyOf(object.metadata), previous);
    }
    return [...then].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** The changes after a revision, oldest first; undefined when they are not all kept any more. */
  since(revision: number): readonly Change[] | undefined {
    if (revision < this.#floor) return undefined;
    return this.#changes.slice(firstAt(this.#changes, (change) => change.revision > revision));
  }

  /** Stores or removes the object of a change and tells the watchers. */
  apply(change: Change): void {
    const key = keyOf(change.object.metadata);
    const place = firstAt(this.#keys, (other) => other >= key);
    if (change.type === "ADDED") this.#keys.splice(place, 0, key);
    if (change.type === "DELETED") {
      this.#keys.splice(place, 1);
      this.#objects.delete(key);
    } else {
      this.#objects.set(key, change.object);
    }
    this.#changes.push(change);
    if (this.#changes.length > 2 * CHANGES_KEPT) this.#forget(CHANGES_KEPT);
    for (const watcher of this.#watchers) watcher(change);
  }

  /** Calls back for each change from now on; the result ends it. */
  subscribe(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Forgets all changes up to a revision, as etcd does when it is compacted. */
  compact(revision: number): void {
    this.#forget(this.#changes.length - firstAt(this.#changes, (change) => change.revision > revision));
    this.#floor = Math.max(this.#floor, revision);
  }

  #forget(keep: number): void {
    const gone = this.#changes.splice(0, this.#changes.length - keep);
    this.#floor = Math.max(this.#floor, gone.at(-1)?.revision ?? 0);
  }

  #range(prefix: string): [from: number, to: number] {
    const end = `${prefix.slice(0, -1)}0`; // "0" comes right after "/"
    return [firstAt(this.#keys, (key) => key >= prefix), firstAt(this.#keys, (key) => key >= end)];
  }
}

/** The index of the first item that fits, in a list where all after it fit too. */
function firstAt<T>(items: readonly T[], fits: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fits(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
