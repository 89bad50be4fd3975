/** What somebody wants to do, as roles tell it: to a resource that may not even exist, or to a path that is none. */
export type Attributes = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The path of a request that is about no resource; else empty. */
  readonly path: string;
};

const NAMESPACE_PARTS: ReadonlySet<string> = new Set(["status", "finalize"]);
const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export const noAttributes: Attributes = {
  ...{ verb: "", group: "", resource: "", subresource: "", namespace: "", name: "", path: "" },
};

/** What a request is about, told by its method and path alone. */
export function readAttributes(
  method: string,
  pathname: string,
  parts: readonly string[],
  query: URLSearchParams,
): Attributes {
  const rest = parts[0] === "api" ? parts.slice(2) : parts[0] === "apis" ? parts.slice(3) : [];
  if (rest.length === 0) return { ...noAttributes, verb: method.toLowerCase(), path: pathname };
  const isInside = rest[0] === "namespaces" && rest.length > 1;
  const [resource = "", name = "", subresource = ""] =
    isInside && rest.length > 2 && !NAMESPACE_PARTS.has(rest[2] ?? "") ? rest.slice(2) : rest;
  const place = {
    group: parts[0] === "api" ? "" : (parts[1] ?? ""),
    namespace: isInside ? (rest[1] ?? "") : "",
    resource,
    subresource,
    path: "",
  };
  const verb = VERBS[method] ?? "get";
  if (name !== "") return { ...place, verb, name };
  if (verb === "delete") return { ...place, verb: "deletecollection", name };
  if (verb !== "get") return { ...place, verb, name };
  const isWatch = /^(true|1)$/.test(query.get("watch") ?? "");
  return { ...place, verb: isWatch ? "watch" : "list", name: selectedName(query) };
}

/** The one name that a field selector lets through: a role for that name suffices then. */
function selectedName(query: URLSearchParams): string {
  const [, name = ""] = /(?:^|,)metadata\.name==?([^,!=]+)(?:,|$)/.exec(query.get("fieldSelector") ?? "") ?? [];
  return name;
}
