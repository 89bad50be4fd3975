import type { Ask } from "./same-api.ts";

// What requests to two API servers are made of: the paths of kinds in the test's own namespace, and objects called "a".

export const NS = "/api/v1/namespaces/NS";
export const MAPS = `${NS}/configmaps`;
export const PODS = `${NS}/pods`;
export const SECRETS = `${NS}/secrets`;
export const APPS = "/apis/apps/v1/namespaces/NS";
export const LEASES = "/apis/coordination.k8s.io/v1/namespaces/NS/leases";
export const ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles";
const MERGE = "application/merge-patch+json";

export const map = (more: object = {}, metadata: object = {}) => ({ metadata: { name: "a", ...metadata }, ...more });
export const main = { name: "main", image: "demo:1" };
export const pod = (spec: object = {}, container: object = {}, metadata: object = {}) => ({
  metadata: { name: "a", ...metadata },
  spec: { containers: [{ ...main, ...container }], ...spec },
});
export const template = { metadata: { labels: { app: "a" } }, spec: { containers: [main] } };
export const deployment = (spec: object = {}) => ({
  metadata: { name: "a" },
  spec: { selector: { matchLabels: { app: "a" } }, template, ...spec },
});
/** A merge patch. */
export const merge = (path: string, body: unknown): Ask => ({ method: "PATCH", path, body, type: MERGE });
export const made = { path: MAPS, body: map({ data: { k: "v" } }) };
