import { RELEASE } from "../../release.ts";
import { unserved } from "../http/not-served.ts";
import { subresourcesOf, verbsOf } from "../http/subresources.ts";
import type { JsonObject } from "../json.ts";
import type { Registry } from "../registry.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import { aggregated } from "./aggregated.ts";
import { byPreference } from "./version-order.ts";

const version = {
  major: "1",
  minor: "34",
  gitVersion: RELEASE,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-02-10T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64",
};

/** The groups in the order in which a short name is looked for; those of custom resources follow. */
const GROUPS: readonly string[] = [
  ...[
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
  ],
  ...["networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io"],
  ...["apiextensions.k8s.io", "scheduling.k8s.io"],
  ...["coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io"],
];

/**
 * The answer of a path that says what the server is and serves; undefined for any other path. `isAggregated`: the client takes all
 * groups in one answer.
 */
export function discover(registry: Registry, path: readonly string[], isAggregated: boolean): JsonObject | undefined {
  const [root, group, versionName, ...more] = path;
  if (more.length > 0) return undefined;
  if (root === "version" && path.length === 1) return version;
  if (root !== "api" && root !== "apis") return undefined;
  const all = [...registry.all(), ...unserved];
  if (isAggregated && path.length === 1) return aggregated(all, root === "api" ? [""] : groupsOf(all));
  if (root === "api")
    return path.length === 1 ? coreVersions : path.length === 2 ? resourceList(all, "", group ?? "") : undefined;
  const groups = groupsOf(all);
  if (group === undefined) {
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((name) => groupEntry(all, name)) };
  }
  if (!groups.includes(group)) return undefined;
  if (versionName === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(all, group) };
  return resourceList(all, group, versionName);
}

const coreVersions = { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };

function groupsOf(all: readonly Resource[]): readonly string[] {
  const there = new Set(all.map((resource) => resource.group));
  const others = [...there].filter((name) => name !== "" && !GROUPS.includes(name)).sort();
  return [...GROUPS.filter((name) => there.has(name)), ...others];
}

function groupEntry(all: readonly Resource[], name: string): JsonObject {
  const names = byPreference(all.filter(({ group }) => group === name).map((resource) => resource.version));
  const versions = names.map((each) => ({ groupVersion: `${name}/${each}`, version: each }));
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

function entries(resource: Resource): JsonObject[] {
  const { plural, singular, kind, isNamespaced, shortNames, categories } = resource;
  return [
    {
      ...{ name: plural, singularName: singular, namespaced: isNamespaced, kind, verbs: verbsOf(resource) },
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    },
    ...subresourcesOf(resource).map(({ name, ...rest }) => ({
      ...{ name: `${plural}/${name}`, singularName: "", namespaced: isNamespaced },
      ...rest,
    })),
  ];
}
