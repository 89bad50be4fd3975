import type { Assignment } from "../api/assignment.ts";
import { BINDING_LABEL } from "../api/kinds.ts";
import type { Meta } from "../api/meta.ts";
import type { Node } from "../api/node.ts";
import { bindingLabel, type Pod } from "../api/pod.ts";

// Of the thousands of objects that MIC holds it keeps what plans and events need, and equal parts once.

/** More different copies than a cluster has identities and bindings; after that it begins anew. */
const MOST_COPIES = 20_000;
const none: Pick<Meta, "labels" | "annotations" | "finalizers"> = { labels: {}, annotations: {}, finalizers: [] };

export function slimPod(pod: Pod): Pod {
  const label = bindingLabel(pod);
  return { ...pod, meta: { ...pod.meta, ...none, labels: label === "" ? none.labels : { [BINDING_LABEL]: label } } };
}

export function slimNode(node: Node): Node {
  return { ...node, addresses: [], meta: { ...node.meta, ...none } };
}

/** Makes records share the copies of identities and bindings in them: thousands of pods use a few. */
export class SharedCopies {
  readonly #copies = new Map<string, unknown>();

  share(record: Assignment): Assignment {
    if (this.#copies.size > MOST_COPIES) this.#copies.clear();
    return { ...record, identity: this.#one(record.identity), binding: this.#one(record.binding) };
  }

  #one<T>(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#copies.get(key);
    if (known !== undefined) return known as T; // made of the same text, so of the same type
    this.#copies.set(key, value);
    return value;
  }
}
