import type { JsonObject } from "./json.ts";
import type { Registry } from "./registry.ts";
import { apiVersionOf, type Resource } from "./resource.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const version = {
  major: "1",
  minor: "34",
  gitVersion: "v1.34.0+sandbox",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2025-08-27T10:09:04Z",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64",
};

/** The answer of a path that says what the server is and serves; undefined for any other path. */
export function discover(registry: Registry, path: readonly string[]): JsonObject | undefined {
  const [root, group, versionName, ...more] = path;
  if (more.length > 0) return undefined;
  const all = registry.all();
  if (root === "version" && path.length === 1) return version;
  if (root === "api" && path.length === 1) {
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  }
  if (root === "api" && path.length === 2) return resourceList(all, "", group ?? "");
  if (root !== "apis") return undefined;
  const groups = [...new Set(all.map((resource) => resource.group))].filter((name) => name !== "").sort();
  if (group === undefined) {
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((name) => groupEntry(all, name)) };
  }
  if (!groups.includes(group)) return undefined;
  if (versionName === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(all, group) };
  return resourceList(all, group, versionName);
}

function groupEntry(all: readonly Resource[], name: string): JsonObject {
  const names = new Set(all.filter(({ group }) => group === name).map((resource) => resource.version));
  const versions = [...names].sort().map((each) => ({ groupVersion: `${name}/${each}`, version: each }));
  return { name, versions, ...(versions[0] && { preferredVersion: versions[0] }) };
}

function resourceList(all: readonly Resource[], group: string, versionName: string): JsonObject | undefined {
  const here = all.filter((resource) => resource.group === group && resource.version === versionName);
  const [first] = here;
  if (first === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf(first),
    resources: here.flatMap(entries),
  };
}

const tokenEntry = {
  ...{ name: "serviceaccounts/token", singularName: "", namespaced: true },
  ...{ group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
};

function entries(resource: Resource): JsonObject[] {
  const { plural, singular, kind, isNamespaced, shortNames } = resource;
  const base = { namespaced: isNamespaced, kind };
  return [
    {
      ...{ name: plural, singularName: singular, ...base, verbs: resource.isReview ? ["create"] : VERBS },
      ...(shortNames.length > 0 && { shortNames }),
    },
    ...(resource.hasStatus
      ? [{ name: `${plural}/status`, singularName: "", ...base, verbs: ["get", "patch", "update"] }]
      : []),
    ...(kind === "ServiceAccount" ? [tokenEntry] : []),
    ...(kind === "Pod"
      ? [{ name: "pods/binding", singularName: "", namespaced: true, kind: "Binding", verbs: ["create"] }]
      : []),
  ];
}
