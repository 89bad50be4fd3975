import type { Cluster } from "../kube-api/cluster.ts";
import { type Change, keyOf } from "../kube-api/collection.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Name } from "../kube-api/store.ts";
import { reconcileDaemonSet } from "./daemon-set.ts";
import { reconcileDeployment } from "./deployment.ts";
import { GROUPS, Hands, type Plural } from "./hands.ts";
import { forgetJob, reconcileJob } from "./job.ts";
import { controllerOf, Owned } from "./owned.ts";
import { reconcileReplicaSet } from "./replica-set.ts";
import { WorkQueue } from "./work-queue.ts";

type Controller = {
  readonly plural: Plural;
  readonly component: string;
  /** Takes one object further; the result is after how many milliseconds it wants to look again. @throws StatusError */
  readonly reconcile: (object: KubeObject, hands: Hands) => number | undefined;
  /** Lets go what still belongs to an object that has gone. */
  readonly forget?: (object: KubeObject, hands: Hands) => void;
};

const controllers: Readonly<Record<string, Controller>> = {
  Deployment: { plural: "deployments", component: "deployment-controller", reconcile: reconcileDeployment },
  ReplicaSet: { plural: "replicasets", component: "replicaset-controller", reconcile: reconcileReplicaSet },
  DaemonSet: { plural: "daemonsets", component: "daemonset-controller", reconcile: reconcileDaemonSet },
  Job: { plural: "jobs", component: "job-controller", reconcile: reconcileJob, forget: forgetJob },
};

const OBSERVED: ReadonlySet<string> = new Set(["pods", "replicasets", "controllerrevisions"]);

/** Lets Deployments, ReplicaSets, DaemonSets and Jobs make their pods; the result ends that. */
export function startWorkloads(cluster: Cluster): () => void {
  const owned = new Owned();
  const queues = new Map(
    Object.entries(controllers).map(([kind, { plural, component, reconcile }]) => {
      const hands = new Hands(cluster, owned, component);
      const all = cluster.store.of(hands.resource(plural));
      const work = (key: string) => {
        const object = all.get(key);
        return object === undefined ? undefined : reconcile(object, hands);
      };
      return [kind, new WorkQueue(work)] as const;
    }),
  );
  cluster.store.onChange((name, change) => {
    if (OBSERVED.has(name.plural)) owned.see(name, change);
    const { forget, component = "" } = controllers[change.object.kind] ?? {};
    if (change.type === "DELETED" && forget !== undefined) {
      setImmediate(() => forget(change.object, new Hands(cluster, owned, component)));
    }
    planned(cluster, name, change, (kind, key) => queues.get(kind)?.plan(key));
  });
  return () => {
    for (const queue of queues.values()) queue.end();
  };
}

type Plan = (kind: string, key: string) => void;

/** What has to be looked at after a change. */
function planned(cluster: Cluster, name: Name, { type, object, previous }: Change, plan: Plan): void {
  const { kind } = object;
  if (controllers[kind]?.plural === name.plural && type !== "DELETED") plan(kind, keyOf(object.metadata));
  if (name.plural === "nodes" && name.group === "") planDaemonSets(cluster, plan);
  for (const one of [object, ...(previous ? [previous] : [])]) {
    const owner = controllerOf(one);
    if (owner === undefined || !Object.hasOwn(controllers, owner.kind)) continue;
    const key = keyOf({ ...one.metadata, name: owner.name });
    plan(owner.kind, key);
    if (type === "DELETED" && owner.kind === "ReplicaSet") planOwnerOf(cluster, key, plan);
  }
}

/** A Deployment that waits for its older pods to go hears of each. */
function planOwnerOf({ store }: Cluster, key: string, plan: Plan): void {
  const set = store.of({ group: GROUPS.replicasets, plural: "replicasets" }).get(key);
  const owner = set && controllerOf(set);
  if (set !== undefined && owner?.kind === "Deployment")
    plan("Deployment", keyOf({ ...set.metadata, name: owner.name }));
}

function planDaemonSets({ store }: Cluster, plan: Plan): void {
  for (const { metadata } of store.of({ group: GROUPS.daemonsets, plural: "daemonsets" }).list("")) {
    plan("DaemonSet", keyOf(metadata));
  }
}
