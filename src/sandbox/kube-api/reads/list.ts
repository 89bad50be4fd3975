import type { Cluster, Target } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { readRevision, wholeNumber } from "../http/query.ts";
import type { JsonObject, KubeObject } from "../json.ts";
import { apiVersionOf, inVersion, type Resource } from "../resource.ts";
import { badRequest, expired, invalid, notAllowed, StatusError } from "../status.ts";
import { readSelector, type Selector } from "./selectors.ts";

/** Where a list in pages goes on: at the same revision, after a key. Revision -1: at whatever there is by then. */
type Continue = { readonly rv: number; readonly start: string };

const LIST_OPTIONS = { group: "meta.k8s.io", kind: "ListOptions", plural: "" };
const TOKEN_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** GET of a collection, or of a page of it. @throws StatusError */
export function listObjects(cluster: Cluster, target: Target, query: URLSearchParams): JsonObject {
  const { resource, namespace } = target;
  const token = query.get("continue") ? readToken(query.get("continue") ?? "") : undefined;
  const revision = token === undefined ? askedRevision(cluster, query) : token.rv;
  const at = revision === undefined || revision < 0 ? cluster.store.revision : revision;
  const whole = cluster.store.of(resource).listAt(at, namespace);
  if (whole === undefined)
    throw token ? expiredToken(token) : expired("The resourceVersion for the provided list is too old.");

  const selector = readSelector(query, resource);
  const rest = after(whole, token?.start, selector);
  const limit = wholeNumber(query, "limit");
  const page = limit === 0 ? rest : rest.slice(0, limit);
  const last = page.at(-1);
  const more =
    last === undefined || page.length === rest.length
      ? {}
      : {
          continue: writeToken({ rv: at, start: keyOf(last.metadata) }),
          ...(selector === undefined && { remainingItemCount: rest.length - page.length }),
        };
  return {
    kind: resource.listKind,
    apiVersion: apiVersionOf(resource),
    metadata: { ...(resource.isCustom && { continue: "" }), resourceVersion: String(at), ...more },
    items: page.map((object) => asItem(resource, inVersion(resource, object))),
  };
}

/** Items of built-in kinds do not repeat the kind of their list. */
function asItem(resource: Resource, object: KubeObject): JsonObject {
  if (resource.isCustom) return object;
  const { kind: _kind, apiVersion: _version, ...item } = object;
  return item;
}

function after(objects: KubeObject[], start: string | undefined, selector: Selector | undefined): KubeObject[] {
  if (start === undefined && selector === undefined) return objects;
  return objects.filter(
    (object) => (start === undefined || keyOf(object.metadata) > start) && (selector?.(object) ?? true),
  );
}

/** The revision that the list has to show; undefined for the newest. */
function askedRevision({ store }: Cluster, query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  if (text === "" && match !== "") {
    const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    throw invalid(LIST_OPTIONS, "", [notAllowed("resourceVersionMatch", why)]);
  }
  if (text === "") return undefined;
  const revision = readRevision(text);
  checkNotFuture(revision, store.revision);
  return match === "Exact" ? revision : undefined;
}

function checkNotFuture(revision: number, current: number): void {
  if (revision <= current) return;
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  throw new StatusError(504, "Timeout", `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    details: { causes, retryAfterSeconds: 1 },
  });
}

function writeToken(token: Continue): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", ...token })).toString("base64url");
}

function readToken(text: string): Continue {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, "base64url").toString());
    if (v === "meta.k8s.io/v1" && Number.isInteger(rv) && typeof start === "string") return { rv, start };
  } catch {
    // Refused below, like every text that is no token of ours.
  }
  throw badRequest("invalid continue token: continue key is not valid");
}

function expiredToken({ start }: Continue): StatusError {
  return expired(TOKEN_EXPIRED, { continue: writeToken({ rv: -1, start }) });
}
