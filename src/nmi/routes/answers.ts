import type { FaultCode } from "../../base/fault.ts";

/** What a client is told; `error` is the member of the body, and none is a text that an SDK looks for. */
export type Answer = { readonly status: number; readonly error: string; readonly retryAfterSeconds?: number };

const invalid = { status: 400, error: "invalid_request" } as const;
const denied = { status: 403, error: "access_denied" } as const;
const absent = { status: 404, error: "not_found" } as const;
const soon = { status: 503, error: "temporarily_unavailable", retryAfterSeconds: 2 } as const;
const later = { ...soon, retryAfterSeconds: 5 } as const;
const tooMany = { status: 429, error: "too_many_requests", retryAfterSeconds: 5 } as const;

/**
 * The answer to each fault that a request can end in; docs/reference/answers.md is generated from here. `Retry-After`
 * stands on transient answers only, since some SDKs ask again whenever they see one. There is no 502.
 */
export const answers = {
  METADATA_HEADER_MISSING: invalid,
  REQUEST_INVALID: invalid,
  RESOURCE_MISSING: invalid,
  METHOD_UNSUPPORTED: { status: 405, error: "method_not_allowed" },
  PATH_UNKNOWN: absent,
  METADATA_BLOCKED: denied,
  POD_UNKNOWN: absent,
  HOST_TOKEN_DENIED: denied,
  CALLER_UNKNOWN: soon,
  CALLER_CHANGED: soon,
  SHUTTING_DOWN: soon,
  IDENTITY_NOT_ASSIGNED: absent,
  IDENTITY_NOT_BOUND: absent,
  IDENTITY_NAMESPACED: absent,
  IDENTITY_TYPE_UNSUPPORTED: denied,
  IDENTITY_DENIED: denied,
  SECRET_MISSING: denied,
  SECRET_INVALID: denied,
  SECRET_UNREADABLE: later,
  OBJECT_INVALID: denied,
  LIMIT_REACHED: tooMany,
  IMDS_UNREACHABLE: later,
  IMDS_IDENTITY_PENDING: later,
  IMDS_IDENTITY_UNKNOWN: denied,
  IMDS_REFUSED: denied,
  IMDS_THROTTLED: tooMany,
  IMDS_ERROR: later,
  ENTRA_REFUSED: denied,
  ENTRA_THROTTLED: tooMany,
  ENTRA_UNREACHABLE: later,
  ENTRA_ERROR: later,
  // The client has gone: nobody reads this one, it stands in the log.
  CANCELLED: { status: 499, error: "client_closed_request" },
  UNEXPECTED: { status: 500, error: "server_error" },
} as const satisfies Partial<Record<FaultCode, Answer>>;

/** IDENTITY_NOT_ASSIGNED with `--set-retry-after-header`; 20 s is what the original said. */
export const notAssignedYet: Answer = { ...soon, retryAfterSeconds: 20 };
