import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import { jsonPatch, PatchFailed } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { badRequest, StatusError, unsupported } from "./status.ts";

/** The change that a PATCH of some content type asks for. @throws StatusError when the server does not take it */
export function readPatch(contentType: string, body: Json): (document: JsonObject) => JsonObject {
  switch (contentType) {
    case "application/json-patch+json":
      if (!isList(body)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
      return (document) => applied(() => jsonPatch(document, body));
    case "application/merge-patch+json":
      if (!isObject(body)) throw badRequest("error decoding patch: a merge patch is an object");
      return (document) => applied(() => mergePatch(document, body));
    case "application/strategic-merge-patch+json":
    case "application/apply-patch+yaml":
    case "application/apply-patch+cbor":
      throw unsupported(
        `patches of type ${contentType}: send application/merge-patch+json or application/json-patch+json`,
      );
    default:
      throw new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", { details: {} });
  }
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
