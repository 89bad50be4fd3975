import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1.d.ts";
import type { KubeObject } from "../kube-api/json.ts";
import type { Hands } from "./hands.ts";
import { referenceTo } from "./pod-state.ts";
import { boundsOf, newestWants, wantedOf } from "./rollout-numbers.ts";
import { HASH_LABEL, isSameTemplate, templateHash } from "./template-hash.ts";

const PREFIX = "deployment.kubernetes.io/";
export const REVISION = `${PREFIX}revision`;
const HISTORY = `${PREFIX}revision-history`;
const DESIRED = `${PREFIX}desired-replicas`;
const MOST = `${PREFIX}max-replicas`;
const OWN: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  ...[REVISION, HISTORY, DESIRED, MOST],
]);

/** The ReplicaSet of the present template, if there is one yet, and those of older ones, oldest first. */
export type Revisions = { readonly newest: ReplicaSet | undefined; readonly older: readonly ReplicaSet[] };

export function revisionsOf(object: KubeObject, hands: Hands): Revisions {
  const { spec } = object as unknown as Deployment;
  const all = hands.controlled<ReplicaSet>("replicasets", object).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  const newest = all.find((set) => isSameTemplate(set.spec?.template, spec?.template));
  return { newest, older: all.filter((set) => set !== newest) };
}

export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata?.annotations?.[REVISION] ?? 0);
}

/** Makes the ReplicaSet of the present template, or marks the one that is there as the newest revision. */
export function furnishNewest(object: KubeObject, { newest, older }: Revisions, hands: Hands): ReplicaSet {
  const revision = Math.max(0, ...older.map(revisionOf)) + 1;
  if (newest === undefined) return makeNewest(object, older, revision, hands);
  const { metadata, spec } = object as unknown as Deployment;
  return hands.change<ReplicaSet>("replicasets", newest, (current) => {
    const had = current.metadata?.annotations ?? {};
    const isRaised = revisionOf(current) < revision;
    const history = [had[HISTORY], had[REVISION]].filter((each) => each !== undefined).join(",");
    const marks = { ...had, ...handedDown(metadata?.annotations) };
    const annotations = isRaised ? { ...marks, [REVISION]: String(revision), [HISTORY]: history } : marks;
    return {
      ...current,
      metadata: { ...current.metadata, annotations },
      spec: { ...current.spec, minReadySeconds: spec?.minReadySeconds },
    };
  });
}

function makeNewest(object: KubeObject, older: readonly ReplicaSet[], revision: number, hands: Hands): ReplicaSet {
  const deployment = object as unknown as Deployment;
  const { spec } = deployment;
  const hash = templateHash(spec?.template, collisions(object, hands));
  const replicas = newestWants(deployment, 0, wantedOf(older));
  const labels = { ...spec?.template.metadata?.labels, [HASH_LABEL]: hash };
  const template = { ...spec?.template, metadata: { ...spec?.template.metadata, labels } };
  const { matchLabels, matchExpressions } = spec?.selector ?? {};
  const made = hands.create("replicasets", object.metadata.namespace ?? "", {
    metadata: {
      name: `${object.metadata.name}-${hash}`,
      labels,
      annotations: {
        ...handedDown(deployment.metadata?.annotations),
        ...marksOf(deployment),
        [REVISION]: String(revision),
      },
      ownerReferences: [referenceTo(object)],
    },
    spec: {
      ...{ replicas, minReadySeconds: spec?.minReadySeconds, template },
      selector: { matchLabels: { ...matchLabels, [HASH_LABEL]: hash }, matchExpressions },
    },
  });
  if (replicas > 0) tellScaled(object, made.metadata.name, 0, replicas, hands);
  return made as unknown as ReplicaSet;
}

/** How many others have the name that the template would get. */
function collisions({ metadata: { namespace, name }, ...object }: KubeObject, hands: Hands): number {
  const { spec } = object as unknown as Deployment;
  const taken = new Set(
    hands
      .all<ReplicaSet>("replicasets")
      .flatMap((set) => (set.metadata?.namespace === namespace ? [set.metadata?.name] : [])),
  );
  let count = 0;
  while (taken.has(`${name}-${templateHash(spec?.template, count)}`)) count += 1;
  return count;
}

function handedDown(annotations: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !OWN.has(name)));
}

function marksOf(deployment: Deployment): Readonly<Record<string, string>> {
  const wanted = deployment.spec?.replicas ?? 1;
  return { [DESIRED]: String(wanted), [MOST]: String(wanted + boundsOf(deployment).surge) };
}

/** Lets a ReplicaSet want so many pods; whether that is another number than before. */
export function scaleSet(object: KubeObject, set: ReplicaSet, replicas: number, hands: Hands): boolean {
  const marks = marksOf(object as unknown as Deployment);
  const from = set.spec?.replicas ?? 1;
  hands.change<ReplicaSet>("replicasets", set, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { ...current.metadata?.annotations, ...marks } },
    spec: { ...current.spec, replicas },
  }));
  if (from === replicas) return false;
  tellScaled(object, set.metadata?.name ?? "", from, replicas, hands);
  return true;
}

/** Whether the deployment wants another number than it did when the set was scaled last. */
export function isRescaled({ spec }: Deployment, { metadata, spec: set }: ReplicaSet): boolean {
  const desired = metadata?.annotations?.[DESIRED];
  return (set?.replicas ?? 1) > 0 && desired !== undefined && Number(desired) !== (spec?.replicas ?? 1);
}

function tellScaled(object: KubeObject, set: string, from: number, to: number, hands: Hands): void {
  const how = to > from ? "up" : "down";
  hands.tell(object, "Normal", "ScalingReplicaSet", `Scaled ${how} replica set ${set} from ${from} to ${to}`);
}
