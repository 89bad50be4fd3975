import type { Body } from "../http/message.ts";
import { isList, isObject, type Json, type JsonObject } from "../json.ts";
import { badRequest, StatusError, unsupported } from "../status.ts";
import { jsonPatch, PatchFailed } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMerge } from "./strategic-merge.ts";

const STRATEGIC = "application/strategic-merge-patch+json";

/**
 * The change that a PATCH asks for; `type` is that of what it changes, undefined for a custom resource.
 * @throws StatusError when the server does not take it
 */
export function readPatch({ type: contentType, json = null }: Body, type: string | undefined): Change {
  switch (contentType) {
    case "application/json-patch+json":
      if (!isList(json)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
      return (document) => applied(() => jsonPatch(document, json));
    case "application/merge-patch+json":
      if (!isObject(json)) throw badRequest("error decoding patch: a merge patch is an object");
      return (document) => applied(() => mergePatch(document, json));
    case STRATEGIC: {
      if (type === undefined) throw unknownFormat(ACCEPTED);
      if (!isObject(json)) throw badRequest("error decoding patch: a strategic merge patch is an object");
      return (document) => strategicMerge(document, json, type);
    }
    case "application/apply-patch+yaml":
    case "application/apply-patch+cbor":
      throw unsupported("server-side apply: use kubectl apply without --server-side, or send another kind of patch");
    default:
      throw unknownFormat(type === undefined ? ACCEPTED : [...ACCEPTED, STRATEGIC]);
  }
}

type Change = (document: JsonObject) => JsonObject;

const ACCEPTED = ["application/json-patch+json", "application/merge-patch+json"];

function unknownFormat(accepted: readonly string[]): StatusError {
  const list = [...accepted, "application/apply-patch+yaml"].join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

function applied(change: () => Json): JsonObject {
  try {
    const result = change();
    if (isObject(result)) return result;
  } catch (reason) {
    if (!(reason instanceof PatchFailed)) throw reason;
  }
  throw new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {
    details: {},
  });
}
