import { reviews } from "../auth/reviews.ts";
import { type KubeObject, objectOr, textOr } from "../json.ts";
import { RBAC } from "../rbac/rbac.ts";
import { builtIn, type Resource } from "../resource.ts";
import { crds } from "../schema/crds.ts";
import { admissionPolicies } from "./admission-policies.ts";
import { eventErrors } from "./events.ts";
import { namespaces } from "./namespaces.ts";
import { withMissing } from "./pod-defaults.ts";
import { podStrategy } from "./pods.ts";
import { prepareSecret, secretErrors } from "./secrets.ts";
import { serviceStrategy } from "./services.ts";
import { prepareBinding, prepareEndpoints, prepareSlice } from "./small-defaults.ts";
import { workloads } from "./workloads.ts";

function field(part: string, name: string) {
  return (object: KubeObject) => objectOr(object[part])[name];
}

/** The involved object's fields and the reporter's, which `kubectl describe` selects events by. */
const eventFields = {
  ...Object.fromEntries(
    ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((name) => [
      `involvedObject.${name}`,
      field("involvedObject", name),
    ]),
  ),
  reason: ({ reason }: KubeObject) => reason,
  reportingComponent: ({ reportingComponent }: KubeObject) => reportingComponent,
  source: (event: KubeObject) => objectOr(event.source).component ?? event.reportingComponent,
  type: ({ type }: KubeObject) => type,
};

const clusterWide = { isNamespaced: false } as const;
const role = { createsOnUpdate: true, nameForm: "path" } as const;
const binding = { ...role, prepare: prepareBinding } as const;

/** The kinds that the server knows before any CustomResourceDefinition. */
export const builtIns: readonly Resource[] = [
  crds,
  namespaces,
  builtIn("", "Pod", "pods", {
    ...podStrategy,
    shortNames: ["po"],
    categories: ["all"],
    hasStatus: true,
    hasGeneration: true,
    returnsDeleted: true,
    selectableFields: {
      "spec.nodeName": field("spec", "nodeName"),
      "spec.restartPolicy": field("spec", "restartPolicy"),
      "spec.schedulerName": field("spec", "schedulerName"),
      "spec.serviceAccountName": field("spec", "serviceAccountName"),
      "spec.hostNetwork": (pod) => objectOr(pod.spec).hostNetwork ?? false,
      "status.phase": field("status", "phase"),
      "status.podIP": field("status", "podIP"),
      "status.nominatedNodeName": field("status", "nominatedNodeName"),
    },
  }),
  builtIn("", "Node", "nodes", {
    ...clusterWide,
    shortNames: ["no"],
    hasStatus: true,
    keepsFirstStatus: true,
    selectableFields: { "spec.unschedulable": (node) => objectOr(node.spec).unschedulable ?? false },
  }),
  builtIn("", "Secret", "secrets", {
    prepare: prepareSecret,
    validate: secretErrors,
    selectableFields: { type: ({ type }) => textOr(type) },
  }),
  builtIn("", "ConfigMap", "configmaps", { shortNames: ["cm"] }),
  builtIn("", "Service", "services", {
    ...serviceStrategy,
    shortNames: ["svc"],
    categories: ["all"],
    nameForm: "service",
    hasStatus: true,
    returnsDeleted: true,
    createsOnUpdate: true,
  }),
  builtIn("", "Endpoints", "endpoints", {
    singular: "endpoints",
    listKind: "EndpointsList",
    shortNames: ["ep"],
    createsOnUpdate: true,
    prepare: prepareEndpoints,
    warning: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  }),
  builtIn("", "Event", "events", {
    shortNames: ["ev"],
    createsOnUpdate: true,
    selectableFields: eventFields,
    validate: eventErrors,
  }),
  builtIn("", "ServiceAccount", "serviceaccounts", { shortNames: ["sa"], returnsDeleted: true }),
  builtIn("", "LimitRange", "limitranges", { shortNames: ["limits"] }),
  builtIn("", "ResourceQuota", "resourcequotas", { shortNames: ["quota"], hasStatus: true }),
  builtIn("coordination.k8s.io", "Lease", "leases", { updatesBlindly: false, createsOnUpdate: true }),
  builtIn("apps", "ControllerRevision", "controllerrevisions"),
  ...workloads,
  builtIn("policy", "PodDisruptionBudget", "poddisruptionbudgets", {
    hasStatus: true,
    hasGeneration: true,
    shortNames: ["pdb"],
  }),
  builtIn(RBAC, "Role", "roles", role),
  builtIn(RBAC, "RoleBinding", "rolebindings", binding),
  builtIn(RBAC, "ClusterRole", "clusterroles", { ...role, ...clusterWide }),
  builtIn(RBAC, "ClusterRoleBinding", "clusterrolebindings", { ...binding, ...clusterWide }),
  builtIn("discovery.k8s.io", "EndpointSlice", "endpointslices", { hasGeneration: true, prepare: prepareSlice }),
  builtIn("scheduling.k8s.io", "PriorityClass", "priorityclasses", {
    ...clusterWide,
    shortNames: ["pc"],
    hasGeneration: true,
    updatesBlindly: false,
    prepare: (object) => withMissing(object, { preemptionPolicy: "PreemptLowerPriority" }),
  }),
  ...admissionPolicies,
  ...reviews,
];
