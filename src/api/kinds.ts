/** A kind of Kubernetes object and where the API server serves it. */
export type Kind = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
};

export const GROUP = "aadpodidentity.k8s.io";

function custom(kind: string, plural: string): Kind {
  return { group: GROUP, version: "v1", plural, kind, isNamespaced: true };
}

function core(kind: string, plural: string, isNamespaced = true): Kind {
  return { group: "", version: "v1", plural, kind, isNamespaced };
}

/** Every kind that a program of ours reads or writes. */
export const kinds = {
  identity: custom("AzureIdentity", "azureidentities"),
  binding: custom("AzureIdentityBinding", "azureidentitybindings"),
  assignment: custom("AzureAssignedIdentity", "azureassignedidentities"),
  exception: custom("AzurePodIdentityException", "azurepodidentityexceptions"),
  pod: core("Pod", "pods"),
  node: core("Node", "nodes", false),
  secret: core("Secret", "secrets"),
  configMap: core("ConfigMap", "configmaps"),
  event: core("Event", "events"),
  endpoints: core("Endpoints", "endpoints"),
  lease: { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true },
  daemonSet: { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet", isNamespaced: true },
  crd: {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    isNamespaced: false,
  },
} as const satisfies Record<string, Kind>;

/** `apiVersion` as an object of the kind carries it. */
export function apiVersion(kind: Kind): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** The pod label whose value bindings select. */
export const BINDING_LABEL = "aadpodidbinding";
/** The annotation, and its value, that make one identity usable in its own namespace only. */
export const BEHAVIOR_ANNOTATION = "aadpodidentity.k8s.io/Behavior";
export const BEHAVIOR_NAMESPACED = "namespaced";
/** MIC's finalizer on every AzureAssignedIdentity. */
export const ASSIGNMENT_FINALIZER = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";
/** The label of an AzureAssignedIdentity that names its node; NMI selects on it. */
export const NODE_LABEL = "nodename";
