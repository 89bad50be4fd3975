import { builtIn, type Resource } from "../resource.ts";
import { unsupported } from "../status.ts";

// What the real API server has and people may look for here: a bare 404 would have them look for a mistake of their own.

const ADMISSION = "admissionregistration.k8s.io";
const DEVICES = "resource.k8s.io";
const FLOW = "flowcontrol.apiserver.k8s.io";
const NETWORKING = "networking.k8s.io";
const STORAGE = "storage.k8s.io";

type Unserved = readonly [kind: Resource, why: string];

const away = (group: string, plural: string, kind: string, more: Partial<Resource> = {}): Resource =>
  builtIn(group, kind, plural, more);

/** Kinds of one group that are not here for the same reason. */
const together = (why: string, ...kinds: readonly Resource[]): readonly Unserved[] =>
  kinds.map((kind) => [kind, `${kind.kind}: ${why}`]);

const short = (...shortNames: readonly string[]) => ({ shortNames });
const clusterWide = { isNamespaced: false } as const;

/** Kinds that discovery names, so that clients ask for them and hear why they are not here; none is in `kubectl get all`. */
const named: readonly Unserved[] = [
  ...together(
    "the nodes have no disks, use an emptyDir or hostPath volume",
    away("", "persistentvolumeclaims", "PersistentVolumeClaim", short("pvc")),
    away("", "persistentvolumes", "PersistentVolume", { ...clusterWide, ...short("pv") }),
    away(STORAGE, "storageclasses", "StorageClass", { ...clusterWide, ...short("sc") }),
    away(STORAGE, "csidrivers", "CSIDriver", clusterWide),
    away(STORAGE, "csinodes", "CSINode", clusterWide),
    away(STORAGE, "csistoragecapacities", "CSIStorageCapacity"),
    away(STORAGE, "volumeattachments", "VolumeAttachment", clusterWide),
    away(STORAGE, "volumeattributesclasses", "VolumeAttributesClass", { ...clusterWide, ...short("vac") }),
  ),
  ...together(
    "nothing is measured here, use kubectl scale",
    away("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", { version: "v2", ...short("hpa") }),
    away("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short("hpa")),
  ),
  ...together(
    "no requests come from outside, pods have addresses of their own",
    away(NETWORKING, "ingresses", "Ingress", short("ing")),
    away(NETWORKING, "ingressclasses", "IngressClass", clusterWide),
  ),
  ...together(
    "the pods' network lets everything through",
    away(NETWORKING, "networkpolicies", "NetworkPolicy", short("netpol")),
  ),
  ...together(
    "nobody answers at addresses of Services, and none are kept account of",
    away(NETWORKING, "ipaddresses", "IPAddress", { ...clusterWide, ...short("ip") }),
    away(NETWORKING, "servicecidrs", "ServiceCIDR", clusterWide),
  ),
  ...together(
    "nothing here signs certificates",
    away("certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest", {
      ...clusterWide,
      ...short("csr"),
    }),
  ),
  ...together(
    "nobody is asked before an object is kept",
    away(ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", clusterWide),
    away(ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", clusterWide),
  ),
  ...together(
    "no other server is asked for kinds, use a CustomResourceDefinition",
    away("apiregistration.k8s.io", "apiservices", "APIService", clusterWide),
  ),
  ...together(
    "use a Deployment",
    away("", "replicationcontrollers", "ReplicationController", short("rc")),
    away("", "podtemplates", "PodTemplate"),
  ),
  ...together("post it to the pod's own binding", away("", "bindings", "Binding", { isReview: true })),
  ...together(
    "the sandbox has no such parts, ask /readyz",
    away("", "componentstatuses", "ComponentStatus", {
      ...clusterWide,
      ...short("cs"),
    }),
  ),
  ...together(
    "requests are answered as they come",
    away(FLOW, "flowschemas", "FlowSchema", clusterWide),
    away(FLOW, "prioritylevelconfigurations", "PriorityLevelConfiguration", clusterWide),
  ),
  ...together(
    "pods are processes of this machine, whatever runtime they ask for",
    away("node.k8s.io", "runtimeclasses", "RuntimeClass", clusterWide),
  ),
  ...together(
    "the nodes have no devices to give to pods",
    away(DEVICES, "deviceclasses", "DeviceClass", clusterWide),
    away(DEVICES, "resourceclaims", "ResourceClaim"),
    away(DEVICES, "resourceclaimtemplates", "ResourceClaimTemplate"),
    away(DEVICES, "resourceslices", "ResourceSlice", clusterWide),
  ),
];

/** Kinds that would lead clients that find them away from what is here. */
const unnamed: readonly Unserved[] = together(
  "write events of the core group",
  away("events.k8s.io", "events", "Event", short("ev")),
);

export const unserved: readonly Resource[] = named.map(([kind]) => kind);

const BELOW_PODS: Readonly<Record<string, string>> = {
  exec: "exec: no command can be run in a container that runs, put it into the pod's own command",
  attach: "attach: no container can be joined, read what it prints with kubectl logs",
  portforward: "port-forward: ask the pod at its own address",
};

/** @throws StatusError 501 for a built-in resource of the real server that is not here */
export function refuseUnserved(group: string, plural: string): void {
  const found = [...named, ...unnamed].find(([kind]) => kind.group === group && kind.plural === plural);
  if (found !== undefined) throw unsupported(found[1]);
}

/** @throws StatusError 501 for what the real server does with pods and this one does not */
export function refuseUnservedBelow({ group, kind }: Resource, subresource: string): void {
  const what = group === "" && kind === "Pod" ? BELOW_PODS[subresource] : undefined;
  if (what !== undefined) throw unsupported(what);
}
