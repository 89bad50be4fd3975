import { AUTHENTICATED, MASTERS } from "../auth/user.ts";
import type { JsonObject } from "../json.ts";
import { RBAC } from "./rbac.ts";

/**
 * The roles that every cluster has from its start and that people use or meet, with what they hold as far as there
 * are such kinds here. Those of the controllers are left out: none of them runs.
 */

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];
const all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const info = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

function on(group: string, resources: readonly string[], verbs: readonly string[]): JsonObject {
  return { verbs, apiGroups: [group], resources };
}

function at(nonResourceURLs: readonly string[]): JsonObject {
  return { verbs: ["get"], nonResourceURLs };
}

const apps = ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets"];

const viewRules = [
  on("", ["configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods"], read),
  on("", ["replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services"], read),
  on("", ["services/status", "bindings", "events", "limitranges", "namespaces/status", "pods/log"], read),
  on("", ["pods/status", "resourcequotas", "resourcequotas/status", "namespaces"], read),
  on("discovery.k8s.io", ["endpointslices"], read),
  on("apps", [...apps, "controllerrevisions", "daemonsets/status", "deployments/status", "statefulsets/status"], read),
  on("batch", ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], read),
  on("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"], read),
  on("networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"], read),
];

const editRules = [
  on("", ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"], read),
  on("", ["serviceaccounts"], ["impersonate"]),
  on("", ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], write),
  on("", ["pods/eviction"], ["create"]),
  on("", ["configmaps", "events", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"], write),
  on("", ["serviceaccounts/token"], ["create"]),
  on("apps", apps, write),
  on("batch", ["cronjobs", "jobs"], write),
  on("policy", ["poddisruptionbudgets"], write),
  on("networking.k8s.io", ["ingresses", "networkpolicies"], write),
  on("coordination.k8s.io", ["leases"], all),
];

const adminRules = [
  on("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
  on(RBAC, ["rolebindings", "roles"], all),
];

function aggregated(to: string): JsonObject {
  return { [`${RBAC}/aggregate-to-${to}`]: "true" };
}

function role(name: string, rules: readonly JsonObject[], more: JsonObject = {}, labels: JsonObject = {}): JsonObject {
  return { metadata: metadata(name, labels), rules, ...more };
}

/** A role that is made of those with a label. */
function sum(to: string, labels: JsonObject, rules: readonly JsonObject[]): JsonObject {
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: aggregated(to) }] };
  return role(to, rules, { aggregationRule }, labels);
}

function metadata(name: string, labels: JsonObject = {}): JsonObject {
  return {
    name,
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  };
}

export const defaultRoles: readonly JsonObject[] = [
  role("cluster-admin", [on("*", ["*"], ["*"]), { verbs: ["*"], nonResourceURLs: ["*"] }]),
  sum("admin", {}, [...adminRules, ...editRules, ...viewRules]),
  sum("edit", aggregated("admin"), [...editRules, ...viewRules]),
  sum("view", aggregated("edit"), viewRules),
  role("system:aggregate-to-admin", adminRules, {}, aggregated("admin")),
  role("system:aggregate-to-edit", editRules, {}, aggregated("edit")),
  role("system:aggregate-to-view", viewRules, {}, aggregated("view")),
  role("system:auth-delegator", [
    on("authentication.k8s.io", ["tokenreviews"], ["create"]),
    on("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  ]),
  role("system:basic-user", [
    on("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    on("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
  ]),
  role("system:discovery", [
    at(["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", ...info.slice(2)]),
  ]),
  role("system:public-info-viewer", [at(info)]),
  role("system:service-account-issuer-discovery", [
    at([...twice("/.well-known/openid-configuration"), ...twice("/openid/v1/jwks")]),
  ]),
];

/** A path is allowed as it is, and with the slash that some clients add. */
function twice(path: string): readonly string[] {
  return [path, `${path}/`];
}

function binding(name: string, ...groups: readonly string[]): JsonObject {
  return {
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
    subjects: groups.map((group) => ({ apiGroup: RBAC, kind: "Group", name: group })),
  };
}

export const defaultBindings: readonly JsonObject[] = [
  binding("cluster-admin", MASTERS),
  binding("system:basic-user", AUTHENTICATED),
  binding("system:discovery", AUTHENTICATED),
  binding("system:public-info-viewer", AUTHENTICATED, "system:unauthenticated"),
  binding("system:service-account-issuer-discovery", "system:serviceaccounts"),
];
