import type { JsonObject } from "./json.ts";

/** A resource by its names. */
type Named = { readonly group: string; readonly kind: string; readonly plural: string };

/** One thing that is wrong with an object; `reason` as in `details.causes`. */
export type FieldError = { readonly field: string; readonly reason: string; readonly message: string };

/** A refusal, as the API server words it; it becomes the body of the answer or an ERROR event of a watch. */
export class StatusError extends Error {
  readonly code: number;
  readonly status: JsonObject;

  constructor(
    code: number,
    reason: string,
    message: string,
    more: { details?: JsonObject; metadata?: JsonObject } = {},
  ) {
    super(message);
    this.code = code;
    const { details, metadata = {} } = more;
    const head = { kind: "Status", apiVersion: "v1", metadata, status: "Failure", message };
    this.status = { ...head, ...(reason !== "" && { reason }), ...(details && { details }), code };
  }
}

/** The body that says that something was done when there is no object to show. */
export function success(details: JsonObject): JsonObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** `pods`, or `leases.coordination.k8s.io`: how messages name a resource. */
export function qualified(name: string, group: string): string {
  return group === "" ? name : `${name}.${group}`;
}

/** Names an object in `details`: by its plural for most refusals. */
export function detailsOf(resource: Named, name: string, kind: string = resource.plural): JsonObject {
  return {
    ...(name !== "" && { name }),
    ...(resource.group !== "" && { group: resource.group }),
    ...(kind !== "" && { kind }),
  };
}

export function notFound(resource: Named, name: string): StatusError {
  const message = `${qualified(resource.plural, resource.group)} "${name}" not found`;
  return new StatusError(404, "NotFound", message, { details: detailsOf(resource, name) });
}

export function noSuchPath(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", { details: {} });
}

export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError(405, "MethodNotAllowed", message, { details: {} });
}

export function alreadyExists(resource: Named, name: string): StatusError {
  const message = `${qualified(resource.plural, resource.group)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, { details: detailsOf(resource, name) });
}

export function conflict(resource: Named, name: string, why: string = STALE): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource.plural, resource.group)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, { details: detailsOf(resource, name) });
}
const STALE = "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Named, name: string, why: string, causes?: readonly JsonObject[]): StatusError {
  const what = `${qualified(resource.plural, resource.group)}${name && ` "${name}"`}`;
  const message = `${what} is forbidden: ${why}`;
  const details = { ...detailsOf(resource, name), ...(causes && { causes }) };
  return new StatusError(403, "Forbidden", message, { details });
}

/** All that is wrong with an object, in one refusal; `kind` is how it names the object's type. */
export function invalid(
  resource: Named,
  name: string,
  errors: readonly FieldError[],
  kind: string = resource.kind,
): StatusError {
  const each = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const list = each.length === 1 ? each[0] : `[${each.join(", ")}]`;
  const message = `${qualified(kind, resource.group)} "${name}" is invalid: ${list}`;
  const causes = errors.map(({ field, reason, message }) => ({ reason, message, field }));
  return new StatusError(422, "Invalid", message, { details: { ...detailsOf(resource, name, kind), causes } });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function expired(message: string, metadata?: JsonObject): StatusError {
  return new StatusError(410, "Expired", message, metadata && { metadata });
}

/** Something that the real server does and this one does not. */
export function unsupported(what: string): StatusError {
  return new StatusError(501, "NotImplemented", `this API server does not support ${what}`);
}

/** A required value that is missing. */
export function required(field: string, message = ""): FieldError {
  return { field, reason: "FieldValueRequired", message: `Required value${message && `: ${message}`}` };
}

/** A value that does not fit; `value` is shown as the API server shows it. */
export function wrong(field: string, value: unknown, message: string): FieldError {
  return { field, reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${message}` };
}

/** The error of a value that is none of those that may stand there; none when it is one. */
export function oneOf(field: string, value: unknown, allowed: readonly string[]): FieldError[] {
  if (allowed.includes(value as string)) return [];
  const list = allowed.map((item) => JSON.stringify(item)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return [{ field, reason: "FieldValueNotSupported", message }];
}

/** The error of a number below zero; none for anything else. */
export function belowZero(field: string, value: unknown): FieldError[] {
  return typeof value === "number" && value < 0 ? [wrong(field, value, "must be greater than or equal to 0")] : [];
}

/** A value that another of a list has already. */
export function duplicate(field: string, value: unknown): FieldError {
  return { field, reason: "FieldValueDuplicate", message: `Duplicate value: ${JSON.stringify(value)}` };
}

/** A value that names something which is not there. */
export function notThere(field: string, value: unknown): FieldError {
  return { field, reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(value)}` };
}

/** What is larger than may be kept. */
export function tooLong(field: string, most: number): FieldError {
  return { field, reason: "FieldValueTooLong", message: `Too long: may not be more than ${most} bytes` };
}

/** A field that may not be set or changed. */
export function notAllowed(field: string, message: string): FieldError {
  return { field, reason: "FieldValueForbidden", message: `Forbidden: ${message}` };
}
