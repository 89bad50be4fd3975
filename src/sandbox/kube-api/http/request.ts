import type { Target } from "../cluster.ts";
import type { Registry } from "../registry.ts";
import { methodNotAllowed, noSuchPath } from "../status.ts";
import { NoPage } from "./no-page.ts";
import { refuseUnserved, refuseUnservedBelow } from "./not-served.ts";
import { isTrue } from "./query.ts";
import { subresourcesOf, type Verb, verbsOf } from "./subresources.ts";

/** What a request wants of a resource. */
export type ApiRequest = { readonly verb: Verb; readonly target: Target; readonly query: URLSearchParams };

const onOne: Readonly<Record<string, Verb>> = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete" };
const onAll: Readonly<Record<string, Verb>> = { GET: "list", POST: "create", DELETE: "deletecollection" };

/** Reads method and path of a request to a resource. @throws StatusError 404, 405 or 501 */
export function readRequest(
  registry: Registry,
  method: string,
  path: readonly string[],
  query: URLSearchParams,
): ApiRequest {
  const target = readTarget(registry, path);
  const verb = readVerb(method, target, query);
  if (verb === "create" && target.resource.isNamespaced && target.namespace === "") throw methodNotAllowed();
  return { verb, target, query };
}

function readVerb(method: string, target: Target, query: URLSearchParams): Verb {
  const { resource, name, subresource } = target;
  const below = subresourcesOf(resource).find((each) => each.name === subresource);
  const table = name === "" || below?.verbs.includes("create") ? onAll : onOne;
  const verb = table[method];
  if (verb === undefined || !(below?.verbs ?? verbsOf(resource)).includes(verb)) throw methodNotAllowed();
  return verb === "list" && isTrue(query.get("watch")) ? "watch" : verb;
}

/** `/api/v1/…` or `/apis/<group>/<version>/…`, then `[namespaces/<namespace>/]<plural>[/<name>[/<subresource>]]`. */
function readTarget(registry: Registry, path: readonly string[]): Target {
  const [group, version, rest] =
    path[0] === "api" ? ["", path[1], path.slice(2)] : path[0] === "apis" ? [path[1], path[2], path.slice(3)] : [];
  if (group === undefined || version === undefined || rest === undefined) throw new NoPage();
  const isInside = rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "");
  const namespace = isInside ? (rest[1] ?? "") : "";
  const [plural = "", name = "", subresource = "", ...more] = isInside ? rest.slice(2) : rest;
  const resource = registry.find(group, version, plural);
  if (resource === undefined) refuseUnserved(group, plural);
  if (resource === undefined && !registry.hasBuiltIn(group, version)) throw new NoPage();
  const isKnown = resource !== undefined && more.length === 0 && (!isInside || resource.isNamespaced);
  if (!isKnown || (name !== "" && resource.isNamespaced && !isInside)) throw noSuchPath();
  const target = { resource, namespace, name, subresource };
  const isThere = subresource === "" || subresourcesOf(resource).some((each) => each.name === subresource);
  if (!isThere) {
    refuseUnservedBelow(resource, subresource);
    throw noSuchPath();
  }
  return target;
}
