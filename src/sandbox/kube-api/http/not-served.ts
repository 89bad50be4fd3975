import { builtIn, type Resource } from "../resource.ts";
import { unsupported } from "../status.ts";

// What the real API server has and people may look for here: a bare 404 would have them look for a mistake of their own.

const away = (group: string, kind: string, plural: string, shortName: string, more: Partial<Resource> = {}): Resource =>
  builtIn(group, kind, plural, { shortNames: [shortName], ...more });

const clusterWide = { isNamespaced: false } as const;
const NO_DISKS = "the nodes have no disks, use an emptyDir or hostPath volume";

/** Kinds that discovery names, so that clients ask for them and hear why they are not here. */
const kinds: readonly (readonly [resource: Resource, why: string])[] = [
  [away("", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"), `PersistentVolumeClaims: ${NO_DISKS}`],
  [away("", "PersistentVolume", "persistentvolumes", "pv", clusterWide), `PersistentVolumes: ${NO_DISKS}`],
  [away("storage.k8s.io", "StorageClass", "storageclasses", "sc", clusterWide), `StorageClasses: ${NO_DISKS}`],
  [
    away("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", { version: "v2" }),
    "HorizontalPodAutoscalers: nothing is measured here, use kubectl scale",
  ],
  [
    away("networking.k8s.io", "Ingress", "ingresses", "ing"),
    "Ingresses: no requests come from outside, pods have addresses of their own",
  ],
  [
    away("networking.k8s.io", "NetworkPolicy", "networkpolicies", "netpol"),
    "NetworkPolicies: the pods' network lets everything through",
  ],
  [
    away("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests", "csr", clusterWide),
    "CertificateSigningRequests: nothing here signs certificates",
  ],
];

export const unserved: readonly Resource[] = kinds.map(([resource]) => resource);

const BELOW_PODS: Readonly<Record<string, string>> = {
  exec: "exec: no command can be run in a container that runs, put it into the pod's own command",
  attach: "attach: no container can be joined, read what it prints with kubectl logs",
  portforward: "port-forward: ask the pod at its own address",
};

/** @throws StatusError 501 for a built-in resource of the real server that is not here */
export function refuseUnserved(group: string, plural: string): void {
  const found = kinds.find(([resource]) => resource.group === group && resource.plural === plural);
  if (found !== undefined) throw unsupported(found[1]);
}

/** @throws StatusError 501 for what the real server does with pods and this one does not */
export function refuseUnservedBelow({ group, kind }: Resource, subresource: string): void {
  const what = group === "" && kind === "Pod" ? BELOW_PODS[subresource] : undefined;
  if (what !== undefined) throw unsupported(what);
}
