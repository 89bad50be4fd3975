import { builtIn, type Resource } from "../resource.ts";
import { unsupported } from "../status.ts";

// What the real API server has and people may look for here: a bare 404 would have them look for a mistake of their own.

const ADMISSION = "admissionregistration.k8s.io";
const DEVICES = "resource.k8s.io";
const FLOW = "flowcontrol.apiserver.k8s.io";
const NETWORKING = "networking.k8s.io";
const STORAGE = "storage.k8s.io";

type Unserved = readonly [kind: Resource, why: string];

/** Kinds of one group that are not here for the same reason. */
const together = (why: string, ...kinds: readonly Resource[]): readonly Unserved[] =>
  kinds.map((kind) => [kind, `${kind.kind}: ${why}`]);

const short = (...shortNames: readonly string[]) => ({ shortNames });
const clusterWide = { isNamespaced: false } as const;

/** Kinds that discovery names, so that clients ask for them and hear why they are not here; none is in `kubectl get all`. */
const named: readonly Unserved[] = [
  ...together(
    "the nodes have no disks, use an emptyDir or hostPath volume",
    builtIn("", "PersistentVolumeClaim", "persistentvolumeclaims", short("pvc")),
    builtIn("", "PersistentVolume", "persistentvolumes", { ...clusterWide, ...short("pv") }),
    builtIn(STORAGE, "StorageClass", "storageclasses", { ...clusterWide, ...short("sc") }),
    builtIn(STORAGE, "CSIDriver", "csidrivers", clusterWide),
    builtIn(STORAGE, "CSINode", "csinodes", clusterWide),
    builtIn(STORAGE, "CSIStorageCapacity", "csistoragecapacities"),
    builtIn(STORAGE, "VolumeAttachment", "volumeattachments", clusterWide),
    builtIn(STORAGE, "VolumeAttributesClass", "volumeattributesclasses", { ...clusterWide, ...short("vac") }),
  ),
  ...together(
    "nothing is measured here, use kubectl scale",
    builtIn("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", { version: "v2", ...short("hpa") }),
    builtIn("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short("hpa")),
  ),
  ...together(
    "no requests come from outside, pods have addresses of their own",
    builtIn(NETWORKING, "Ingress", "ingresses", short("ing")),
    builtIn(NETWORKING, "IngressClass", "ingressclasses", clusterWide),
  ),
  ...together(
    "the pods' network lets everything through",
    builtIn(NETWORKING, "NetworkPolicy", "networkpolicies", short("netpol")),
  ),
  ...together(
    "nobody answers at addresses of Services, and none are kept account of",
    builtIn(NETWORKING, "IPAddress", "ipaddresses", { ...clusterWide, ...short("ip") }),
    builtIn(NETWORKING, "ServiceCIDR", "servicecidrs", clusterWide),
  ),
  ...together(
    "nothing here signs certificates",
    builtIn("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests", {
      ...clusterWide,
      ...short("csr"),
    }),
  ),
  ...together(
    "nobody is asked before an object is kept",
    builtIn(ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", clusterWide),
    builtIn(ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", clusterWide),
  ),
  ...together(
    "no other server is asked for kinds, use a CustomResourceDefinition",
    builtIn("apiregistration.k8s.io", "APIService", "apiservices", clusterWide),
  ),
  ...together(
    "use a Deployment",
    builtIn("", "ReplicationController", "replicationcontrollers", short("rc")),
    builtIn("", "PodTemplate", "podtemplates"),
  ),
  ...together("post it to the pod's own binding", builtIn("", "Binding", "bindings", { isReview: true })),
  ...together(
    "the sandbox has no such parts, ask /readyz",
    builtIn("", "ComponentStatus", "componentstatuses", {
      ...clusterWide,
      ...short("cs"),
    }),
  ),
  ...together(
    "requests are answered as they come",
    builtIn(FLOW, "FlowSchema", "flowschemas", clusterWide),
    builtIn(FLOW, "PriorityLevelConfiguration", "prioritylevelconfigurations", clusterWide),
  ),
  ...together(
    "pods are processes of this machine, whatever runtime they ask for",
    builtIn("node.k8s.io", "RuntimeClass", "runtimeclasses", clusterWide),
  ),
  ...together(
    "the nodes have no devices to give to pods",
    builtIn(DEVICES, "DeviceClass", "deviceclasses", clusterWide),
    builtIn(DEVICES, "ResourceClaim", "resourceclaims"),
    builtIn(DEVICES, "ResourceClaimTemplate", "resourceclaimtemplates"),
    builtIn(DEVICES, "ResourceSlice", "resourceslices", clusterWide),
  ),
];

/** Kinds that would lead clients that find them away from what is here. */
const unnamed: readonly Unserved[] = together(
  "write events of the core group",
  builtIn("events.k8s.io", "Event", "events", short("ev")),
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
