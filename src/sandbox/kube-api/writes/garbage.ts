import type { Cluster, Target } from "../cluster.ts";
import { type Change, keyOf } from "../collection.ts";
import { isList, isObject, type JsonObject, type KubeObject } from "../json.ts";
import { StatusError } from "../status.ts";
import type { Name } from "../store.ts";
import { deleteObject, FOREGROUND, ORPHAN, type Propagation } from "./deletion.ts";
import { finalizersOf } from "./draft.ts";
import { update } from "./writes.ts";

/** Deletes what belongs to owners that are gone, and lets owners go that wait for that, a moment after each change. */
export function collectGarbage(cluster: Cluster): void {
  const garbage = new Garbage(cluster);
  for (const resource of cluster.registry.all()) {
    for (const object of cluster.store.of(resource).list("")) garbage.learn(resource, object);
  }
  cluster.store.onChange((name, change) => garbage.see(name, change));
}

type Known = { readonly name: Name; readonly object: KubeObject };

class Garbage {
  readonly #cluster: Cluster;
  readonly #known = new Map<string, Known>();
  /** By the UID of the owner: the UIDs of what belongs to it. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #due = new Set<string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  see(name: Name, { type, object }: Change): void {
    const { uid } = object.metadata;
    if (type === "DELETED") {
      this.#forget(uid);
      for (const dependent of this.#dependents.get(uid) ?? []) this.#plan(dependent);
      for (const { uid: owner } of ownersOf(object)) this.#plan(owner);
    } else {
      this.learn(name, object);
      if (object.metadata.deletionTimestamp !== undefined || ownersOf(object).length > 0) this.#plan(uid);
    }
  }

  learn(name: Name, object: KubeObject): void {
    const { uid } = object.metadata;
    this.#forget(uid);
    this.#known.set(uid, { name, object });
    for (const owner of ownersOf(object)) {
      const all = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, all.add(uid));
    }
  }

  #forget(uid: string): void {
    const known = this.#known.get(uid);
    this.#known.delete(uid);
    for (const owner of known === undefined ? [] : ownersOf(known.object)) {
      const all = this.#dependents.get(owner.uid);
      all?.delete(uid);
      if (all?.size === 0) this.#dependents.delete(owner.uid);
    }
  }

  #plan(uid: string): void {
    if (this.#due.size === 0) setImmediate(() => this.#work());
    this.#due.add(uid);
  }

  #work(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const uid of due) {
      try {
        this.#settle(uid);
      } catch (reason) {
        if (!(reason instanceof StatusError)) throw reason; // a refusal: somebody else was faster
      }
    }
  }

  #settle(uid: string): void {
    const known = this.#known.get(uid);
    if (known === undefined) return;
    const finalizers = finalizersOf(known.object.metadata);
    if (known.object.metadata.deletionTimestamp === undefined) this.#checkOwners(known);
    else if (finalizers.includes(ORPHAN)) this.#orphan(known);
    else if (finalizers.includes(FOREGROUND)) this.#emptyFirst(known);
  }

  /** An object whose owners are all gone goes; one that has others forgets those that are. */
  #checkOwners({ name, object }: Known): void {
    const owners = ownersOf(object);
    const gone = owners.filter((owner) => !this.#isThere(owner, object));
    if (gone.length === 0) return;
    if (gone.length === owners.length) this.#remove({ name, object }, "Background");
    else
      this.#disown(
        { name, object },
        gone.map(({ uid }) => uid),
      );
  }

  #isThere({ uid }: Owner, dependent: KubeObject): boolean {
    const owner = this.#known.get(uid)?.object.metadata;
    return owner !== undefined && (owner.namespace === undefined || owner.namespace === dependent.metadata.namespace);
  }

  #orphan(known: Known): void {
    const { uid } = known.object.metadata;
    for (const dependent of this.#dependentsOf(uid)) this.#disown(dependent, [uid]);
    this.#release(known, ORPHAN);
  }

  /** Deletes what belongs to the object; it waits for those that say so. */
  #emptyFirst(known: Known): void {
    const { uid } = known.object.metadata;
    for (const dependent of this.#dependentsOf(uid)) {
      if (dependent.object.metadata.deletionTimestamp === undefined) this.#remove(dependent, "Foreground");
    }
    const isBlocked = this.#dependentsOf(uid).some(({ object }) =>
      ownersOf(object).some((owner) => owner.uid === uid && owner.isBlocking),
    );
    if (!isBlocked) this.#release(known, FOREGROUND);
  }

  #dependentsOf(uid: string): readonly Known[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((each) => this.#known.get(each) ?? []);
  }

  #remove({ name, object }: Known, propagation: Propagation): void {
    const { uid } = object.metadata;
    const options = { gracePeriodSeconds: undefined, uid, resourceVersion: undefined, isDryRun: false, propagation };
    const target = this.#targetOf(name, object);
    if (target !== undefined) deleteObject(this.#cluster, target, options);
  }

  #disown(known: Known, owners: readonly string[]): void {
    this.#change(known, ({ ownerReferences, ...metadata }) => {
      const left = (isList(ownerReferences) ? ownerReferences.filter(isObject) : []).filter(
        ({ uid }) => !owners.includes(String(uid)),
      );
      return { ...metadata, ...(left.length > 0 && { ownerReferences: left }) };
    });
  }

  #release(known: Known, finalizer: string): void {
    this.#change(known, (metadata) => ({
      ...metadata,
      finalizers: finalizersOf(metadata).filter((each) => each !== finalizer),
    }));
  }

  #change({ name, object }: Known, change: (metadata: JsonObject) => JsonObject): void {
    const target = this.#targetOf(name, object);
    if (target === undefined || this.#cluster.store.of(name).get(keyOf(object.metadata)) === undefined) return;
    const changed = (current: KubeObject) => ({ ...current, metadata: change(current.metadata) });
    update(this.#cluster, target, changed, { isDryRun: false, isBlind: true });
  }

  #targetOf({ group, plural }: Name, { metadata }: KubeObject): Target | undefined {
    const resource = this.#cluster.registry.all().find((each) => each.group === group && each.plural === plural);
    const { namespace = "", name } = metadata;
    return resource && { resource, namespace, name, subresource: "" };
  }
}

type Owner = { readonly uid: string; readonly isBlocking: boolean };

function ownersOf({ metadata: { ownerReferences } }: KubeObject): readonly Owner[] {
  const references = isList(ownerReferences) ? ownerReferences.filter(isObject) : [];
  return references.map(({ uid, blockOwnerDeletion }) => ({
    uid: String(uid),
    isBlocking: blockOwnerDeletion === true,
  }));
}
