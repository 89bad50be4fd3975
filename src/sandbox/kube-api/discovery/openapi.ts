import { createHash } from "node:crypto";
import { RELEASE } from "../../release.ts";
import { isList, isObject, type JsonObject, objectOr } from "../json.ts";
import type { Registry } from "../registry.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import { fieldsOf, typeOfKind } from "../types/kube-types.ts";
import { addType, refTo, schemaName } from "./openapi-types.ts";

const META = "meta.ObjectMeta";
const PATCHES = ["application/json-patch+json", "application/merge-patch+json"];
const STRATEGIC = "application/strategic-merge-patch+json";

/**
 * The answer of a path below `/openapi/v3`, which `kubectl` reads before it explains, validates or applies; undefined for
 * any other path. Descriptions of built-in types are left out.
 */
export function openApi(registry: Registry, path: readonly string[]): JsonObject | undefined {
  const [root, version, ...rest] = path;
  if (root !== "openapi" || version !== "v3") return undefined;
  const groups = Map.groupBy(registry.all(), pathOf);
  if (rest.length > 0) {
    const found = groups.get(rest.join("/"));
    return found && documentOf(found);
  }
  const paths = [...groups].map(([name, resources]) => {
    const serverRelativeURL = `/openapi/v3/${name}?hash=${hashOf(resources)}`;
    return [name, { serverRelativeURL }];
  });
  return { paths: Object.fromEntries(paths) };
}

/** `api/v1` or `apis/apps/v1` */
function pathOf(resource: Resource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

function hashOf(resources: readonly Resource[]): string {
  const facts = resources.map(({ kind, schema }) => [kind, schema]);
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").toUpperCase();
}

function documentOf(resources: readonly Resource[]): JsonObject {
  const schemas = new Map<string, JsonObject>();
  for (const resource of resources) addResource(schemas, resource);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: RELEASE },
    paths: Object.fromEntries(resources.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) },
  };
}

function kindOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

function addResource(schemas: Map<string, JsonObject>, resource: Resource): void {
  const marks = { "x-kubernetes-group-version-kind": [kindOf(resource)] };
  const type = typeOfKind(resource.group, resource.kind);
  if (!resource.isCustom && fieldsOf(type) === undefined) return;
  if (!resource.isCustom) addType(schemas, type);
  else addType(schemas, META);
  const name = nameOf(resource);
  const schema = resource.isCustom ? published(objectOr(resource.schema)) : objectOr(schemas.get(name));
  schemas.set(name, {
    ...schema,
    properties: { ...objectOr(schema.properties), ...headOf(schema, resource) },
    ...marks,
  });
}

/** The group's labels backwards, as the API server names the types of custom resources. */
function nameOf({ group, version, kind, isCustom }: Resource): string {
  if (!isCustom) return schemaName(typeOfKind(group, kind));
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

const head: Readonly<Record<string, string>> = {
  apiVersion:
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
  kind: "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
  metadata:
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
};

/** The schema of a custom resource as it is told: objects inside that are resources have what every object has. */
function published(schema: JsonObject): JsonObject {
  const { properties, items, additionalProperties, required } = schema;
  const inner = Object.entries(objectOr(properties)).map(([name, each]) => [name, published(objectOr(each))]);
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const told = { ...Object.fromEntries(inner), ...(isEmbedded && headOf(schema, { isCustom: true })) };
  const wanted = [...(isList(required) ? required : []), ...(isEmbedded ? ["apiVersion", "kind"] : [])];
  return {
    ...schema,
    ...((properties !== undefined || isEmbedded) && { properties: told }),
    ...(isObject(items) && { items: published(items) }),
    ...(isObject(additionalProperties) && { additionalProperties: published(additionalProperties) }),
    ...(wanted.length > 0 && { required: [...new Set(wanted)] }),
  };
}

/** What every object has, whatever its schema says. */
function headOf({ properties }: JsonObject, { isCustom }: Pick<Resource, "isCustom">): JsonObject {
  const { metadata: meta = "", ...texts } = head;
  const fields = Object.entries(texts).map(([name, description]) => {
    const own = objectOr(properties)[name];
    return [
      name,
      {
        type: "string",
        description,
        ...(isObject(own) && isCustom ? { description: own.description ?? description } : {}),
      },
    ];
  });
  return { ...Object.fromEntries(fields), metadata: { description: meta, allOf: [refTo(schemaName(META))] } };
}

/** The paths of a resource, with as much of their operations as tells what may be sent there. */
function pathsOf(resource: Resource): [string, JsonObject][] {
  const base = `/${pathOf(resource)}${resource.isNamespaced ? "/namespaces/{namespace}" : ""}/${resource.plural}`;
  const marks = { "x-kubernetes-group-version-kind": kindOf(resource) };
  const types = resource.isCustom ? PATCHES : [...PATCHES, STRATEGIC];
  const get = { ...marks, responses: { 200: { description: "OK" } } };
  const patch = {
    ...get,
    parameters: ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
      name,
      in: "query",
      schema: { type: "string" },
    })),
    requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, {}])) },
  };
  return [
    [base, { get: { ...get, "x-kubernetes-action": "list" } }],
    [`${base}/{name}`, { get, patch }],
  ];
}
