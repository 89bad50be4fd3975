import type { Pod } from "kubernetes-types/core/v1.d.ts";

/** The values of a Secret or a ConfigMap, by key. */
export type KeyValues = ReadonlyMap<string, Buffer>;

/** What a node reads for its pods. */
export type PodSources = {
  /** Nothing for an object that is not there. @throws Fault KUBE_* */
  readonly keyValues: (
    kind: "secrets" | "configmaps",
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<KeyValues | undefined>;
  /** A token of the pod's account. @throws Fault KUBE_* */
  readonly requestToken: (pod: Pod, signal: AbortSignal, audience?: string) => Promise<string | undefined>;
};
