import type { Pod } from "kubernetes-types/core/v1.d.ts";
import type { Cluster, Target } from "../kube-api/cluster.ts";
import { keyOf } from "../kube-api/collection.ts";
import type { JsonObject, KubeObject } from "../kube-api/json.ts";
import type { Resource } from "../kube-api/resource.ts";
import { StatusError } from "../kube-api/status.ts";
import { deleteObject, type Propagation } from "../kube-api/writes/deletion.ts";
import { create, update } from "../kube-api/writes/writes.ts";
import { tellEvent } from "./event.ts";
import type { Owned } from "./owned.ts";

/** The kinds that controllers read and write, by the plural. */
export const GROUPS = {
  deployments: "apps",
  replicasets: "apps",
  daemonsets: "apps",
  controllerrevisions: "apps",
  jobs: "batch",
  pods: "",
  nodes: "",
  events: "",
} as const;
export type Plural = keyof typeof GROUPS;

const WRITE = { isDryRun: false, isBlind: true } as const;

/** What a controller does to a cluster: it asks as itself, with the API server's own checks and defaults. */
export class Hands {
  readonly cluster: Cluster;
  /** Who is named in events: `deployment-controller`. */
  readonly component: string;
  readonly #owned: Owned;

  constructor(cluster: Cluster, owned: Owned, component: string) {
    this.cluster = cluster;
    this.component = component;
    this.#owned = owned;
  }

  now(): number {
    return this.cluster.now();
  }

  /** What the object controls, of one kind. */
  controlled<T>(plural: Plural, owner: KubeObject): readonly T[] {
    const all = this.cluster.store.of(this.resource(plural));
    return this.#owned.of(plural, owner.metadata.uid).flatMap((key) => (all.get(key) as T | undefined) ?? []);
  }

  podsOf(owner: KubeObject): readonly Pod[] {
    return this.controlled("pods", owner);
  }

  all<T>(plural: Plural): readonly T[] {
    return this.cluster.store.of(this.resource(plural)).list("") as unknown as readonly T[];
  }

  /** @throws StatusError */
  create(plural: Plural, namespace: string, body: object): KubeObject {
    const target = { resource: this.resource(plural), namespace, name: "", subresource: "" };
    return create(this.cluster, target, body as JsonObject, { isDryRun: false });
  }

  /** Stores what `change` makes of the object as it is now. @throws StatusError */
  change<T extends object>(plural: Plural, object: T, change: (current: T) => object): T {
    const changed = (current: KubeObject) => change(current as unknown as T) as JsonObject;
    return update(this.cluster, this.#target(plural, object), changed, WRITE) as unknown as T;
  }

  /** @throws StatusError */
  setStatus(plural: Plural, object: object, status: object): void {
    const target = { ...this.#target(plural, object), subresource: "status" };
    update(this.cluster, target, (current) => ({ ...current, status: status as JsonObject }), WRITE);
  }

  /** Deletes the object unless it has gone. @throws StatusError */
  remove(plural: Plural, object: object, propagation: Propagation = "Background"): void {
    const { uid } = (object as KubeObject).metadata;
    const options = { gracePeriodSeconds: undefined, uid, resourceVersion: undefined, isDryRun: false };
    try {
      deleteObject(this.cluster, this.#target(plural, object), {
        ...options,
        propagation: plural === "pods" ? undefined : propagation,
      });
    } catch (reason) {
      if (!(reason instanceof StatusError && reason.code === 404)) throw reason;
    }
  }

  /** The object as it is now. */
  latest<T extends object>(plural: Plural, object: T): T | undefined {
    const { metadata } = object as KubeObject;
    return this.cluster.store.of(this.resource(plural)).get(keyOf(metadata)) as T | undefined;
  }

  /** An event about an object; the same one again is counted. */
  tell(about: object, type: "Normal" | "Warning", reason: string, message: string): void {
    const { cluster, component } = this;
    tellEvent({ cluster, component, events: this.resource("events") }, about as KubeObject, { type, reason, message });
  }

  resource(plural: Plural): Resource {
    const resource = this.cluster.registry.find(GROUPS[plural], "v1", plural);
    if (resource === undefined) throw new Error(`there are no ${plural} here`);
    return resource;
  }

  #target(plural: Plural, object: object): Target {
    const { namespace = "", name } = (object as KubeObject).metadata;
    return { resource: this.resource(plural), namespace, name, subresource: "" };
  }
}
