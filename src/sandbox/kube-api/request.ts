import type { Target } from "./cluster.ts";
import { isTrue } from "./query.ts";
import type { Registry } from "./registry.ts";
import { methodNotAllowed, noSuchPath } from "./status.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** What a request wants of a resource. */
export type ApiRequest = { readonly verb: Verb; readonly target: Target; readonly query: URLSearchParams };

const onOne: Readonly<Record<string, Verb>> = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete" };
const onAll: Readonly<Record<string, Verb>> = { GET: "list", POST: "create", DELETE: "deletecollection" };

/** Reads method and path of a request to a resource. @throws StatusError 404 or 405 */
export function readRequest(
  registry: Registry,
  method: string,
  path: readonly string[],
  query: URLSearchParams,
): ApiRequest {
  const target = readTarget(registry, path);
  const verb = readVerb(method, target, query);
  if (target.resource.isReview && verb !== "create") throw methodNotAllowed();
  if (verb === "create" && target.resource.isNamespaced && target.namespace === "") throw methodNotAllowed();
  return { verb, target, query };
}

function readVerb(method: string, { name, subresource }: Target, query: URLSearchParams): Verb {
  const verb =
    subresource === "binding" || subresource === "token"
      ? postVerb(method)
      : name === ""
        ? onAll[method]
        : onOne[method];
  if (verb === undefined || (subresource === "status" && verb === "delete")) throw methodNotAllowed();
  return verb === "list" && isTrue(query.get("watch")) ? "watch" : verb;
}

function postVerb(method: string): Verb | undefined {
  return method === "POST" ? "create" : undefined;
}

/** `/api/v1/…` or `/apis/<group>/<version>/…`, then `[namespaces/<namespace>/]<plural>[/<name>[/<subresource>]]`. */
function readTarget(registry: Registry, path: readonly string[]): Target {
  const [group, version, rest] =
    path[0] === "api" ? ["", path[1], path.slice(2)] : path[0] === "apis" ? [path[1], path[2], path.slice(3)] : [];
  if (group === undefined || version === undefined || rest === undefined) throw noSuchPath();
  const isInside = rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "");
  const namespace = isInside ? (rest[1] ?? "") : "";
  const [plural = "", name = "", subresource = "", ...more] = isInside ? rest.slice(2) : rest;
  const resource = registry.find(group, version, plural);
  const isKnown = resource !== undefined && more.length === 0 && (!isInside || resource.isNamespaced);
  if (!isKnown || (name !== "" && resource.isNamespaced && !isInside)) throw noSuchPath();
  const target = { resource, namespace, name, subresource };
  if (subresource !== "" && !hasSubresource(target)) throw noSuchPath();
  return target;
}

function hasSubresource({ resource, subresource }: Target): boolean {
  if (subresource === "status") return resource.hasStatus;
  if (subresource === "token") return resource.group === "" && resource.kind === "ServiceAccount";
  return subresource === "binding" && resource.group === "" && resource.kind === "Pod";
}
