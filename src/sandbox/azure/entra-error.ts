import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Refusal } from "./refusal.ts";
import type { Answer, Asked } from "./server.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The OAuth error that goes with an AADSTS number. */
const OAUTH_ERRORS: Readonly<Record<string, string>> = {
  "70003": "unsupported_grant_type",
  "90002": "invalid_request",
  "90033": "temporarily_unavailable",
  "90055": "temporarily_unavailable",
  "50027": "invalid_request",
  "50059": "invalid_request",
  "50166": "invalid_request",
  "700016": "unauthorized_client",
  "700021": "invalid_client",
  "700024": "invalid_client",
  "700027": "invalid_client",
  "700211": "invalid_client",
  "700212": "invalid_client",
  "700213": "invalid_client",
  "900561": "invalid_request",
  "900144": "invalid_request",
  "1002012": "invalid_scope",
  "7000215": "invalid_client",
  "7000218": "invalid_client",
};

/** An error as Entra ID writes it. A code that is no number is an OAuth error without an AADSTS number. */
export function entraError({ status, code, message, headers }: Refusal, asked: Asked, clock: Clock): Answer {
  const [traceId, correlationId] = [randomUUID(), requestIdOf(asked) ?? randomUUID()];
  const timestamp = new Date(clock.now()).toISOString().replace("T", " ").replace(/\.\d+/, "");
  const isNumber = /^\d+$/.test(code);
  const ids = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  const json = {
    error: isNumber ? (OAUTH_ERRORS[code] ?? "invalid_request") : code,
    error_description: `${isNumber ? `AADSTS${code}: ` : ""}${message} ${ids}`,
    ...(isNumber ? { error_codes: [Number(code)] } : {}),
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    ...(isNumber ? { error_uri: `https://login.microsoftonline.com/error?code=${code}` } : {}),
  };
  return { status, json, headers };
}

/** The ID that the client gave its request, by which its owner and Azure's support find it. */
function requestIdOf({ headers, query }: Asked): string | undefined {
  const given = headers["client-request-id"] ?? query.get("client-request-id");
  return typeof given === "string" && UUID.test(given) ? given : undefined;
}
