import * as v from "valibot";
import type { Token } from "../api/token-answer.ts";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { LEAST_LIFE_MS } from "./backend.ts";
import { type HttpAnswer, retryAfterMs } from "./http-answer.ts";
import { moment } from "./imds-answer.ts";

const LONGEST_WORDS = 1000;

const number = v.fallback(
  v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.finite())),
  undefined,
);
const answerSchema = v.object({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  expires_on: v.fallback(v.optional(moment), undefined),
  // What the older AD FS answers alone.
  expires_in: number,
  not_before: v.fallback(v.optional(moment), undefined),
  token_type: v.fallback(v.optional(v.string(), ""), ""),
});
const errorSchema = v.object({ error: v.optional(v.string(), ""), error_description: v.optional(v.string(), "") });

type Asked = { readonly resource: string; readonly clientId: string; readonly nowMs: number };

/** The token in a successful answer, with enough of its life left. @throws Fault ENTRA_ERROR, which quotes nothing */
export function readEntraToken(body: Buffer, { resource, clientId, nowMs }: Asked): Token {
  const result = v.safeParse(answerSchema, parsed(body));
  if (!result.success) {
    throw unfit(`is no token: wrong ${result.issues.map((issue) => v.getDotPath(issue) ?? "body").join(", ")}`);
  }
  const { access_token, expires_on, expires_in, not_before, token_type } = result.output;
  const nowSeconds = Math.floor(nowMs / 1000);
  const expiresOn = expires_on ?? (expires_in === undefined ? undefined : nowSeconds + Math.floor(expires_in));
  if (expiresOn === undefined) throw unfit("is a token without an end: neither expires_on nor expires_in is a number");
  if (expiresOn * 1000 - nowMs < LEAST_LIFE_MS) throw unfit("is a token that expires too soon: see expires_on");
  return {
    accessToken: new Secret(access_token),
    expiresOn,
    notBefore: not_before ?? nowSeconds,
    resource,
    tokenType: token_type || "Bearer",
    clientId,
  };
}

function unfit(why: string): Fault {
  return new Fault("ENTRA_ERROR", `the answer of Entra ID ${why}`);
}

/** Any other answer as the fault that it means, with Entra ID's own words but for what we sent it in confidence. */
export function entraFault({ status, headers, body }: HttpAnswer, confidential: readonly string[]): Fault {
  const result = v.safeParse(errorSchema, parsed(body));
  const { error, error_description: text } = result.success ? result.output : { error: "", error_description: "" };
  const said = [error, text].filter((part) => part !== "").join(": ");
  const words = without(said.replace(/\s+/g, " "), confidential).slice(0, LONGEST_WORDS);
  // The first sentence is the original's, which people search for.
  const message = `Refresh request failed. Status Code = '${status}'. Response: ${words || "no reason given"}`;
  const options = { facts: { status }, retryAfterMs: retryAfterMs(headers) };
  if (status === 429) return new Fault("ENTRA_THROTTLED", message, options);
  const isTransient = status >= 500 || status < 400 || [408, 410].includes(status);
  return new Fault(isTransient ? "ENTRA_ERROR" : "ENTRA_REFUSED", message, options);
}

function without(text: string, confidential: readonly string[]): string {
  return confidential
    .filter((value) => value !== "")
    .reduce((rest, value) => rest.replaceAll(value, "[redacted]"), text);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
