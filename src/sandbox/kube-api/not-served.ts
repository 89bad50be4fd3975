import type { Resource } from "./resource.ts";
import { unsupported } from "./status.ts";

// What the real API server has and people may look for here: a bare 404 would have them look for a mistake of their own.

const RESOURCES: Readonly<Record<string, string>> = {
  "/persistentvolumeclaims": "PersistentVolumeClaims: the nodes have no disks, use an emptyDir or hostPath volume",
  "/persistentvolumes": "PersistentVolumes: the nodes have no disks, use an emptyDir or hostPath volume",
  "storage.k8s.io/storageclasses": "StorageClasses: the nodes have no disks, use an emptyDir or hostPath volume",
  "autoscaling/horizontalpodautoscalers": "HorizontalPodAutoscalers: nothing is measured here, use kubectl scale",
  "networking.k8s.io/ingresses": "Ingresses: no requests come from outside, pods have addresses of their own",
  "networking.k8s.io/networkpolicies": "NetworkPolicies: the pods' network lets everything through",
  "certificates.k8s.io/certificatesigningrequests": "CertificateSigningRequests: nothing here signs certificates",
};

const BELOW_PODS: Readonly<Record<string, string>> = {
  exec: "exec: no command can be run in a container that runs, put it into the pod's own command",
  attach: "attach: no container can be joined, read what it prints with kubectl logs",
  portforward: "port-forward: ask the pod at its own address",
};

/** @throws StatusError 501 for a built-in resource of the real server that is not here */
export function refuseUnserved(group: string, plural: string): void {
  const what = RESOURCES[`${group}/${plural}`];
  if (what !== undefined) throw unsupported(what);
}

/** @throws StatusError 501 for what the real server does with pods and this one does not */
export function refuseUnservedBelow({ group, kind }: Resource, subresource: string): void {
  const what = group === "" && kind === "Pod" ? BELOW_PODS[subresource] : undefined;
  if (what !== undefined) throw unsupported(what);
}
