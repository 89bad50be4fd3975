import * as v from "valibot";
import type { Token } from "../api/token-answer.ts";
import { Fault } from "../base/fault.ts";
import { printable } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { LEAST_LIFE_MS } from "./backend.ts";
import { type HttpAnswer, retryAfterMs } from "./http-answer.ts";

const DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2}):(\d{2})(?: ([AP]M))? \+00:00$/;

/** A moment as IMDS and its relatives write it, in seconds since 1970; undefined when it is none of their forms. */
export function readMoment(value: string | number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(String(value))) return ifPossible(Math.floor(Number(value)));
  const [, month, day, year, hour, minute, second, half] = DATE.exec(String(value)) ?? [];
  if (year === undefined) return undefined;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === "PM" ? 12 : 0);
  return ifPossible(
    Date.UTC(Number(year), Number(month) - 1, Number(day), hours, Number(minute), Number(second)) / 1000,
  );
}

function ifPossible(seconds: number): number | undefined {
  return Number.isNaN(new Date(seconds * 1000).getTime()) ? undefined : seconds;
}

export const moment = v.pipe(
  v.union([v.string(), v.number()]),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const seconds = readMoment(dataset.value);
    if (seconds !== undefined) return seconds;
    addIssue({ message: "not a time" });
    return NEVER;
  }),
);

const answerSchema = v.object({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  expires_on: moment,
  not_before: v.optional(v.fallback(v.optional(moment), undefined)),
  token_type: v.optional(v.string(), ""),
  client_id: v.optional(v.string(), ""),
});

const errorSchema = v.object({ error: v.optional(v.string(), ""), error_description: v.optional(v.string(), "") });

type Asked = { readonly resource: string; readonly clientId: string; readonly nowMs: number };

/**
 * The token in a successful answer: of the identity that was asked for, and with enough of its life left.
 * @throws Fault IMDS_ERROR that names what does not fit, never the token
 */
export function readTokenAnswer(body: Buffer, asked: Asked): Token {
  const result = v.safeParse(answerSchema, parsed(body));
  if (!result.success) {
    throw unfit(`is no token: wrong ${result.issues.map((issue) => v.getDotPath(issue) ?? "body").join(", ")}`);
  }
  const { access_token, expires_on, not_before, token_type, client_id } = result.output;
  if (expires_on * 1000 - asked.nowMs < LEAST_LIFE_MS) throw unfit("is a token that expires too soon: see expires_on");
  if (isOfAnother(client_id, asked.clientId)) throw unfit("is a token of another identity: see client_id");
  return {
    accessToken: new Secret(access_token),
    expiresOn: expires_on,
    notBefore: not_before ?? Math.floor(asked.nowMs / 1000),
    resource: asked.resource,
    tokenType: token_type || "Bearer",
    clientId: client_id || asked.clientId,
  };
}

/** Whether both IDs are known and differ: an identity without a client ID is asked for by its resource ID. */
function isOfAnother(answered: string, asked: string): boolean {
  return answered !== "" && asked !== "" && answered.toLowerCase() !== asked.toLowerCase();
}

function unfit(why: string): Fault {
  return new Fault("IMDS_ERROR", `the answer of the instance metadata service ${why}`);
}

/** Any other answer as the fault that it means, with IMDS's own words. */
export function imdsFault({ status, headers, body }: HttpAnswer, isJustAssigned: boolean): Fault {
  const result = v.safeParse(errorSchema, parsed(body));
  const { error, error_description: text } = result.success ? result.output : { error: "", error_description: "" };
  // The first sentence is the original's, which clients' tests look for.
  const words = printable([error, text.replace(/\s+/g, " ")].filter((part) => part !== "").join(": "));
  const message = `Refresh request failed. Status Code = '${status}'. Response: ${words || "no reason given"}`;
  const options = { facts: { status }, retryAfterMs: retryAfterMs(headers) };
  if (status === 400 && /identity not found/i.test(text)) {
    return isJustAssigned
      ? new Fault("IMDS_IDENTITY_PENDING", "the identity was assigned to the machine only just now", options)
      : new Fault("IMDS_IDENTITY_UNKNOWN", message, options);
  }
  if (status === 429) return new Fault("IMDS_THROTTLED", message, options);
  // 404, 408 and 410 are what IMDS answers while it is being updated.
  const isTransient = status >= 500 || status < 400 || [404, 408, 410].includes(status);
  return new Fault(isTransient ? "IMDS_ERROR" : "IMDS_REFUSED", message, options);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
