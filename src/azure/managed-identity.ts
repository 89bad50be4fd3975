import { Agent, type IncomingMessage, request } from "node:http";
import type { AccessToken, TokenCredential } from "@azure/identity";
import * as v from "valibot";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import { retryAfterMs } from "./arm-fault.ts";

export type ManagedIdentityOptions = {
  /** Client ID of a user-assigned identity; empty: the machine's own. */
  readonly clientId: string;
  /** Where IMDS is; another address than Azure's for tests and emulators. */
  readonly imds?: string | undefined;
  readonly clock: Clock;
  /** How sentences call the setting that names the identity. */
  readonly setting: string;
};
type Answer = { readonly status: number; readonly retryAfter: string | undefined; readonly body: string };

const IMDS = "http://169.254.169.254";
const PATH = "/metadata/identity/oauth2/token";
/** IMDS is often away for a moment, and NMI, which stands in between, may not know MIC's pod yet. */
const WAITS_MS = [500, 2_000];
/** Who asks for a longer pause gets it from those who ask for the token. */
const LONGEST_WAIT_MS = 5_000;
const LARGEST_ANSWER_BYTES = 1 << 20;
const LONGEST_MESSAGE = 300;
const SERVICE = "the instance metadata service of MIC's node";
const CHECK_IMDS = "check that MIC's pods may reach 169.254.169.254 and that NMI lets them pass";
// An agent of its own takes no proxy from the environment: a token would pass through it.
const agent = new Agent({ keepAlive: false });

/**
 * Tokens of an identity of MIC's machine, from IMDS. The SDK's own credential sends the request through HTTP_PROXY
 * where that is set, and answers for a minute with its memory of an error.
 *
 * It throws Fault IMDS_UNREACHABLE, IMDS_THROTTLED, IMDS_ERROR, IMDS_REFUSED or ARM_CREDENTIAL; the caller bounds the time.
 */
export function managedIdentity(options: ManagedIdentityOptions): TokenCredential {
  const { clientId, imds = IMDS, clock } = options;
  return {
    async getToken(scopes, { abortSignal } = {}) {
      const signal = abortSignal instanceof AbortSignal ? abortSignal : new AbortController().signal;
      const [scope = ""] = typeof scopes === "string" ? [scopes] : scopes;
      const query = new URLSearchParams({ "api-version": "2018-02-01", resource: scope.replace(/\/\.default$/, "") });
      if (clientId !== "") query.set("client_id", clientId);
      const url = new URL(`${PATH}?${query}`, imds);
      for (const waitMs of WAITS_MS) {
        try {
          return await once(url, options, signal);
        } catch (reason) {
          signal.throwIfAborted();
          const pauseMs = Math.max(waitMs, Fault.from(reason).retryAfterMs ?? 0);
          if (!Fault.is(reason, ...PASSING) || pauseMs > LONGEST_WAIT_MS) throw reason;
          await clock.sleep(pauseMs, signal);
        }
      }
      return once(url, options, signal);
    },
  };
}

const PASSING = ["IMDS_UNREACHABLE", "IMDS_ERROR", "IMDS_THROTTLED"] as const;

async function once(url: URL, options: ManagedIdentityOptions, signal: AbortSignal): Promise<AccessToken> {
  const answer = await ask(url, signal).catch((reason: unknown) => {
    const why = reason instanceof Error && "code" in reason ? String(reason.code) : "no answer";
    throw unreachable(why, reason);
  });
  if (answer.status !== 200) throw refusal(answer, options);
  const token = v.safeParse(tokenSchema, answer.body);
  if (token.success) return { token: token.output.access_token, expiresOnTimestamp: token.output.expires_on * 1000 };
  throw new Fault("IMDS_ERROR", `${SERVICE} answers without a token: ${CHECK_IMDS}`);
}

/** That nobody answers, and what to do about it. */
export function unreachable(why: string, cause?: unknown): Fault {
  return new Fault("IMDS_UNREACHABLE", `${SERVICE} does not answer (${why}): ${CHECK_IMDS}`, { cause });
}

const tokenSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    access_token: v.pipe(v.string(), v.minLength(1)),
    /** Seconds since 1970; IMDS sends them as text. */
    expires_on: v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.finite(), v.minValue(1)),
  }),
);
const errorSchema = v.pipe(v.string(), v.parseJson(), v.object({ error_description: v.string() }));

function refusal({ status, retryAfter, body }: Answer, { clientId, setting }: ManagedIdentityOptions): Fault {
  const parsed = v.safeParse(errorSchema, body);
  const said = parsed.success ? parsed.output.error_description.replace(/\s+/g, " ").slice(0, LONGEST_MESSAGE) : "";
  if (status === 400 && /identity not found/i.test(said)) {
    const missing =
      clientId === ""
        ? `it has no system-assigned identity: give it one, or name a user-assigned one in ${setting}`
        : `it has no identity ${redactClientId(clientId)}: put it on the machine, or correct ${setting}`;
    return new Fault("ARM_CREDENTIAL", `MIC's node gives MIC no token: ${missing}`);
  }
  const options = { retryAfterMs: retryAfterMs(retryAfter, Date.now()) };
  const what = `${SERVICE} gives MIC no token: status ${status}${said === "" ? "" : `, ${said}`}`;
  if (status === 429) return new Fault("IMDS_THROTTLED", `${what}; MIC asks again`, options);
  if (status === 404 || status === 410 || status >= 500)
    return new Fault("IMDS_ERROR", `${what}; ${CHECK_IMDS}`, options);
  return new Fault("IMDS_REFUSED", `${what}; ${CHECK_IMDS}`);
}

async function ask(url: URL, signal: AbortSignal): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { agent, signal, headers: { Metadata: "true" } }, resolve)
      .once("error", reject)
      .end();
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER_BYTES) throw new Error("the answer is too large for a token");
    chunks.push(chunk);
  }
  const retryAfter = response.headers["retry-after"];
  return { status: response.statusCode ?? 0, retryAfter, body: Buffer.concat(chunks).toString("utf8") };
}
