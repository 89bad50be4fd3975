import { keyOf } from "./collection.ts";
import type { Resource } from "./resource.ts";
import { crdName, crds, resourcesOf } from "./schema/crds.ts";
import type { Store } from "./store.ts";

/** Which resources there are: the built-in ones, and one for each CustomResourceDefinition in the store. */
export class Registry {
  readonly #store: Store;
  readonly #builtIns: ReadonlyMap<string, Resource>;

  constructor(store: Store, builtIns: readonly Resource[]) {
    this.#store = store;
    const sorted = builtIns.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));
    this.#builtIns = new Map(sorted.map((resource) => [crdName(resource), resource]));
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    const name = crdName({ plural, group });
    const crd = this.#store.of(crds).get(keyOf({ name }));
    const own = this.#builtIns.get(name);
    const all = own === undefined ? (crd === undefined ? [] : resourcesOf(crd)) : [own];
    return all.find((resource) => resource.version === version);
  }

  /** Whether a group has built-in resources of a version. */
  hasBuiltIn(group: string, version: string): boolean {
    return this.#builtIns.values().some((resource) => resource.group === group && resource.version === version);
  }

  all(): readonly Resource[] {
    const custom = this.#store.of(crds).list("").flatMap(resourcesOf);
    return [...this.#builtIns.values(), ...custom];
  }
}
