import type { ControllerRevision, DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { isEqual, type Json, type KubeObject } from "../kube-api/json.ts";
import { HASH_LABEL } from "./daemon-pod.ts";
import type { Hands } from "./hands.ts";
import { referenceTo } from "./pod-state.ts";
import { templateHash } from "./template-hash.ts";

/** Keeps the present template as the newest revision, for `kubectl rollout undo`; the result marks its pods. */
export function furnishRevision(object: KubeObject, hands: Hands): string {
  const { spec, metadata } = object as unknown as DaemonSet;
  const all = hands.controlled<ControllerRevision>("controllerrevisions", object);
  const template = { ...spec?.template, $patch: "replace" };
  const data = { spec: { template } };
  const known = all.find((each) => isEqual(each.data as Json, data as unknown as Json));
  const newest = Math.max(0, ...all.map(({ revision }) => revision));
  if (known !== undefined) {
    if (known.revision < newest) raise(known, newest + 1, hands);
    return known.metadata?.labels?.[HASH_LABEL] ?? "";
  }
  const hash = templateHash(spec?.template);
  hands.create("controllerrevisions", object.metadata.namespace ?? "", {
    metadata: {
      name: `${object.metadata.name}-${hash}`,
      labels: { ...spec?.template.metadata?.labels, [HASH_LABEL]: hash },
      annotations: metadata?.annotations,
      ownerReferences: [referenceTo(object)],
    },
    ...{ data, revision: newest + 1 },
  });
  return hash;
}

function raise(known: ControllerRevision, revision: number, hands: Hands): void {
  hands.change<ControllerRevision>("controllerrevisions", known, (current) => ({ ...current, revision }));
}

/** Older revisions that no pod is of are kept, but so many only. */
export function forgetRevisions(object: KubeObject, pods: readonly Pod[], hands: Hands): void {
  const { spec } = object as unknown as DaemonSet;
  const used = new Set(pods.map(({ metadata }) => metadata?.labels?.[HASH_LABEL]));
  const all = hands.controlled<ControllerRevision>("controllerrevisions", object);
  const older = all.toSorted((a, b) => a.revision - b.revision).slice(0, -1);
  const idle = older.filter(({ metadata }) => !used.has(metadata?.labels?.[HASH_LABEL]));
  const extra = Math.max(0, idle.length - (spec?.revisionHistoryLimit ?? 10));
  for (const each of idle.slice(0, extra)) hands.remove("controllerrevisions", each);
}
