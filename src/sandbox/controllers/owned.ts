import { type Change, keyOf } from "../kube-api/collection.ts";
import { isList, type JsonObject, type KubeObject, objectOr, textOr } from "../kube-api/json.ts";
import type { Name } from "../kube-api/store.ts";

export type Controller = { readonly kind: string; readonly name: string; readonly uid: string };

/** The one owner that controls an object. */
export function controllerOf({ metadata }: KubeObject): Controller | undefined {
  const references: readonly JsonObject[] = isList(metadata.ownerReferences)
    ? metadata.ownerReferences.map(objectOr)
    : [];
  const owner = references.find(({ controller }) => controller === true);
  return owner && { kind: textOr(owner.kind), name: textOr(owner.name), uid: textOr(owner.uid) };
}

/** Keys of what each object controls, by kind and in the order in which they were made. */
export class Owned {
  readonly #keys = new Map<string, Set<string>>();

  see({ plural }: Name, { type, object, previous }: Change): void {
    const owner = controllerOf(object);
    const before = previous === undefined ? undefined : controllerOf(previous);
    const key = keyOf(object.metadata);
    if (before !== undefined && (type === "DELETED" || before.uid !== owner?.uid)) this.#drop(plural, before.uid, key);
    if (owner === undefined || type === "DELETED") return;
    const place = `${plural} ${owner.uid}`;
    this.#keys.set(place, (this.#keys.get(place) ?? new Set()).add(key));
  }

  of(plural: string, owner: string): readonly string[] {
    return [...(this.#keys.get(`${plural} ${owner}`) ?? [])];
  }

  #drop(plural: string, owner: string, key: string): void {
    const place = `${plural} ${owner}`;
    const keys = this.#keys.get(place);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(place);
  }
}
