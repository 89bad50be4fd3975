import { type JsonObject, textOr } from "../json.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import { pruned } from "../schema/schema.ts";
import { badRequest, invalid, type StatusError, wrong } from "../status.ts";
import { readObjectMeta } from "./object-meta.ts";

/**
 * What a client sent, as an object of the resource: with its type, readable metadata, and for custom resources without
 * what the schema does not declare. @throws StatusError when it is an object of another type or no object at all
 */
export function decode(resource: Resource, body: JsonObject): JsonObject {
  checkType(resource, body);
  try {
    const metadata = readObjectMeta(body.metadata);
    const typed = { kind: resource.kind, apiVersion: apiVersionOf(resource), ...body, metadata };
    const { schema, storageSchema } = resource;
    if (schema === undefined) return typed;
    const shown = pruned(typed, schema, true) as JsonObject;
    return storageSchema === undefined ? shown : (pruned(shown, storageSchema, true) as JsonObject);
  } catch (reason) {
    throw unreadable(resource, body, reason instanceof Error ? reason.message : String(reason));
  }
}

export function unreadable(resource: Resource, body: JsonObject, why: string): StatusError {
  const { kind = resource.kind, apiVersion = resource.version } = body;
  const version = textOr(apiVersion).split("/").at(-1);
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
}

function checkType(resource: Resource, body: JsonObject): void {
  const { kind, apiVersion } = body;
  const expected = apiVersionOf(resource);
  if (!resource.isCustom) {
    if ((apiVersion ?? expected) !== expected) {
      const why = `no kind ${JSON.stringify(kind ?? resource.kind)} is registered for version "${apiVersion}" in scheme`;
      throw unreadable(resource, body, `${why} "pkg/runtime/scheme.go:110"`);
    }
    if ((kind ?? resource.kind) !== resource.kind) {
      const internal = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
      const why = `converting (${resource.version}.${kind}) to (${internal}.${resource.kind}): unknown conversion`;
      throw unreadable(resource, body, why);
    }
    return;
  }
  if (kind === undefined || kind === "") {
    const text = JSON.stringify(body);
    const start = text.length > 30 ? `${text.slice(0, 30)} ...` : text;
    const why = `Object 'Kind' is missing in '${text}' (${start})`;
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`);
  }
  if (apiVersion !== expected) {
    const given = apiVersion ?? "";
    throw badRequest(`the API version in the data (${given}) does not match the expected API version (${expected})`);
  }
  if (kind !== resource.kind) {
    const { name = "" } = readObjectMeta(body.metadata);
    throw invalid(resource, String(name), [wrong("kind", kind, `must be ${resource.kind}`)], String(kind));
  }
}

/** An update names the object in the body as in the path. @throws StatusError */
export function checkName(name: string, sent: JsonObject): void {
  if (sent.name === name) return;
  throw badRequest(`the name of the object (${sent.name ?? ""}) does not match the name on the URL (${name})`);
}

/** A namespace in the body is the one of the path. @throws StatusError */
export function checkNamespace(namespace: string, sent: JsonObject): void {
  if (sent.namespace === undefined || sent.namespace === namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}
