import type { Fault, FaultCode } from "../../base/fault.ts";
import type { NmiSettings } from "../ports.ts";
import type { NmiResponse } from "../server/message.ts";
import { type Answer, answers, notAssignedYet } from "./answers.ts";

/** The Go SDK gives up at once when told to wait longer than 25 s. */
const LONGEST_RETRY_SECONDS = 20;

type Settings = Pick<NmiSettings, "setRetryAfterHeader">;

/** A fault as the client gets it: a status and JSON as the metadata service sends it. */
export function errorAnswer(fault: Fault, settings: Settings): NmiResponse {
  const answer = answerFor(fault, settings);
  const headers = { "Content-Type": "application/json; charset=utf-8", ...extraHeaders(fault, answer) };
  const body = { error: answer.error, error_description: description(fault, answer) };
  const isLast = fault.code === "CALLER_CHANGED" || fault.code === "SHUTTING_DOWN";
  return { status: answer.status, headers, body: `${JSON.stringify(body)}\n`, isLast };
}

function answerFor({ code }: Fault, { setRetryAfterHeader }: Settings): Answer {
  if (code === "IDENTITY_NOT_ASSIGNED" && setRetryAfterHeader) return notAssignedYet;
  const table: Partial<Record<FaultCode, Answer>> = answers;
  return table[code] ?? answers.UNEXPECTED;
}

function extraHeaders(fault: Fault, { status, retryAfterSeconds }: Answer): Record<string, string> {
  if (status === 405) return { Allow: "GET, HEAD" };
  if (retryAfterSeconds === undefined) return {};
  const asked = fault.retryAfterMs === undefined ? retryAfterSeconds : Math.ceil(fault.retryAfterMs / 1000);
  return { "Retry-After": String(Math.min(LONGEST_RETRY_SECONDS, Math.max(1, asked))) };
}

function description(fault: Fault, { status }: Answer): string {
  // What went wrong inside is for the log alone.
  if (status === 500) return "NMI could not answer; its log says why";
  // SDKs take a body with that word for a network without a metadata service, and try something else.
  return fault.message.replaceAll(/unreachable/gi, "not reachable");
}
