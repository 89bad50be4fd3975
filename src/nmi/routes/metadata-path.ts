import { Fault } from "../../base/fault.ts";

/**
 * `token` and `identity` give tokens, `host` gives them to processes of the node, `instance` may be blocked, `document`
 * is everything else that is passed on.
 */
type MetadataArea = "token" | "host" | "identity" | "instance" | "document";
export type MetadataPath = {
  readonly area: MetadataArea;
  /** The canonical path and the query as it was sent: all that ever goes on to IMDS. */
  readonly target: string;
  readonly query: URLSearchParams;
};

/** What may follow `/metadata`; `isFolder` for those with paths of their own below them. */
const documents: Readonly<Record<string, { readonly area: MetadataArea; readonly isFolder: boolean }>> = {
  identity: { area: "identity", isFolder: true },
  instance: { area: "instance", isFolder: true },
  attested: { area: "document", isFolder: true },
  versions: { area: "document", isFolder: false },
  scheduledevents: { area: "document", isFolder: false },
  loadbalancer: { area: "document", isFolder: false },
};

const MOST_DECODINGS = 4;
const TOKEN_PATH = "metadata/identity/oauth2/token";
const HOST_PATH = "host/token";

/**
 * Reads a request target the way that any server behind us might: percent-encoding undone as often as it was done,
 * slashes merged, dot segments resolved, case ignored. What is passed on is built anew from the result.
 * @throws Fault REQUEST_INVALID, or PATH_UNKNOWN for a path that is not on the list
 */
export function readMetadataPath(target: string): MetadataPath {
  const [, path = "", query = ""] = /^(\/(?!\/)[^?]*)(?:\?([\x21-\x7e]*))?$/.exec(target) ?? [];
  if (path === "" || target.includes("#")) throw new Fault("REQUEST_INVALID", "Invalid request: not a path");
  const decoded = decode(path);
  const segments = resolve(decoded);
  const canonical = canonicalPath(segments);
  const area = areaOf(segments, canonical);
  const slash = decoded.endsWith("/") ? "/" : "";
  return {
    area,
    target: `/${canonical}${slash}${query === "" ? "" : `?${query}`}`,
    query: new URLSearchParams(query),
  };
}

function decode(path: string): string {
  let text = path;
  for (let i = 0; i < MOST_DECODINGS && text.includes("%"); i += 1) text = decodeOnce(text);
  // No path of the metadata service holds anything else; a backslash would be one more spelling of a slash.
  if (!/^[\w./~-]*$/.test(text)) throw new Fault("REQUEST_INVALID", "Invalid request: unexpected character in path");
  return text;
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new Fault("REQUEST_INVALID", "Invalid request: malformed percent-encoding in path", { cause });
  }
}

function resolve(path: string): readonly string[] {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments;
}

/** The part that is matched in lower case, what is below it as it was spelled: IMDS has `vmId` and the like there. */
function canonicalPath([root = "", document = "", ...rest]: readonly string[]): string {
  const head = [root.toLowerCase(), document.toLowerCase()];
  const tail = head[1] === "identity" ? rest.map((segment) => segment.toLowerCase()) : rest;
  return [...head, ...tail].join("/");
}

function areaOf(segments: readonly string[], canonical: string): MetadataArea {
  if (canonical === TOKEN_PATH) return "token";
  if (canonical === HOST_PATH) return "host";
  const [root, name = ""] = canonical.split("/");
  const document = root === "metadata" && Object.hasOwn(documents, name) ? documents[name] : undefined;
  const isKnown = document !== undefined && (document.isFolder || segments.length === 2);
  const isHiddenIdentity = name !== "identity" && /identity/i.test(canonical);
  if (!isKnown || isHiddenIdentity) throw new Fault("PATH_UNKNOWN", "NMI serves no such path");
  return document.area;
}
