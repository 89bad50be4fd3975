import type { Dice } from "./dice.ts";

/** What Azure answers in place of an operation. */
export type ArmError = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
};
/** How Azure refuses an identity. */
export type Refusing = "named" | "unnamed" | "missing";

export const notThere: ArmError = { status: 404, code: "ResourceNotFound", message: "The Resource was not found." };
export const leaving: ArmError = { status: 409, code: "OperationNotAllowed", message: "the machine is being deleted" };
export const failed: ArmError = {
  status: 200,
  code: "OperationFailed",
  message: "The long-running operation has failed",
};
export const troubled: ArmError = { status: 500, code: "InternalError", message: "trouble" };
export const preempted: ArmError = { status: 200, code: "OperationPreempted", message: "a newer operation came" };
export const notSignedIn: ArmError = {
  status: 401,
  code: "InvalidAuthenticationToken",
  message: "The access token is invalid.",
};
/** Somebody else's operation is under way. */
export const busyWithOthers: ArmError = {
  status: 409,
  code: "Conflict",
  message: "The request failed due to conflict with a concurrent request.",
};
export const changedMeanwhile: ArmError = {
  status: 412,
  code: "PreconditionFailed",
  message: "The condition specified using HTTP conditional header(s) is not met.",
};

export function throttled(code: string, ms: number): ArmError {
  return { status: 429, code, message: "too many requests", retryAfterSeconds: Math.ceil(ms / 1000) };
}

/** Azure is not ready for a change, and says when it will be. */
export function later(failure: "unavailable" | "busy", dice: Dice): ArmError {
  const retryAfterSeconds = Math.ceil(dice.between(2, 90));
  if (failure === "unavailable")
    return { status: 503, code: "ServiceUnavailable", message: "come back later", retryAfterSeconds };
  return { status: 409, code: "Conflict", message: "another operation is in progress", retryAfterSeconds };
}

export function refusalOf(ids: readonly string[], how: Refusing | undefined): ArmError {
  const quoted = ids.join(",");
  if (how === "missing") {
    return {
      status: 400,
      code: "FailedIdentityOperation",
      message: `Identity operation failed: '${quoted}' not found.`,
    };
  }
  const message =
    how === "named"
      ? `The client 'mic' has permission to perform action but not 'assign' on the linked scope(s) '${quoted}'.`
      : "The client 'mic' may not assign an identity.";
  return { status: 403, code: "LinkedAuthorizationFailed", message };
}

/** The machine would carry more than Azure takes. */
export function noRoom(count: number, room: number): ArmError {
  return {
    status: 400,
    code: "FailedIdentityOperation",
    message: `Identity operation failed with error 'Status: 'BadRequest'. Response: '{"error":{"message":"User Assigned Identities Number '${count}' Assign exceed limit '${room}' in one request."}}'.'.`,
  };
}
