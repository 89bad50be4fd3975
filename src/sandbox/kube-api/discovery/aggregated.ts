import { subresourcesOf, verbsOf } from "../http/subresources.ts";
import type { JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { byPreference } from "./version-order.ts";

/** What `kubectl` asks for first: all resources of some groups in one answer. */
export function aggregated(all: readonly Resource[], groups: readonly string[]): JsonObject {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((name) =>
      groupItem(
        name,
        all.filter(({ group }) => group === name),
      ),
    ),
  };
}

function groupItem(name: string, resources: readonly Resource[]): JsonObject {
  const versions = byPreference(resources.map(({ version }) => version));
  return {
    metadata: name === "" ? {} : { name },
    versions: versions.map((version) => ({
      version,
      resources: resources.filter((resource) => resource.version === version).map(resourceItem),
      freshness: "Current",
    })),
  };
}

function resourceItem(resource: Resource): JsonObject {
  const { plural, singular, kind, group, version, isNamespaced, shortNames, categories } = resource;
  const subresources = subresourcesOf(resource);
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: isNamespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map(({ name, verbs, ...of }) => ({
        subresource: name,
        responseKind: { group: of.group ?? group, version: of.version ?? version, kind: of.kind },
        verbs,
      })),
    }),
  };
}
