import type { ClientRequest } from "node:http";
import { Agent, request as open } from "node:https";
import { Fault } from "../base/fault.ts";
import { isExempt, proxyProblem, withProxyUrls } from "../base/proxy-variable.ts";
import { answerTo, type HttpAnswer } from "./http-answer.ts";

export type EntraClientOptions = {
  readonly userAgent: string;
  /** Where HTTPS_PROXY and NO_PROXY are looked up; no proxy when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A certificate authority in place of the system's, as PEM. */
  readonly ca?: string;
  /** How long one answer may take. */
  readonly timeoutMs?: number;
};

const TRY_TIMEOUT_MS = 10_000;
const UNTRUSTED = /CERT|SIGNATURE|ERR_TLS|ERR_SSL|EPROTO/;

/** Forms posted to token endpoints of Entra ID: TLS 1.2 at least, redirects not followed, bounded in time and size. */
export class EntraClient {
  readonly #options: EntraClientOptions;
  readonly #agent: Agent;
  /** Why no request can go through the proxy that one should go through. */
  readonly #proxyProblem: string | undefined;

  constructor(options: EntraClientOptions) {
    this.#options = options;
    const { env, ca } = options;
    this.#proxyProblem = proxyProblem(env ?? {});
    this.#agent = new Agent({
      keepAlive: false, // a token lasts for an hour
      minVersion: "TLSv1.2",
      ...(env === undefined || this.#proxyProblem !== undefined ? {} : { proxyEnv: { ...withProxyUrls(env) } }),
      ...(ca === undefined ? {} : { ca }),
    });
  }

  /**
   * @param limitMs how long the answer may take at most, where that is less than it may take anyway
   * @throws Fault ENTRA_UNREACHABLE, or ENTRA_ERROR for an answer that is too large; the signal's reason when aborted
   */
  async post(url: URL, form: URLSearchParams, signal: AbortSignal, limitMs = Infinity): Promise<HttpAnswer> {
    const timeoutMs = Math.min(this.#options.timeoutMs ?? TRY_TIMEOUT_MS, limitMs);
    signal.throwIfAborted();
    if (this.#proxyProblem !== undefined && !isExempt(url, this.#options.env ?? {})) {
      throw new Fault("ENTRA_UNREACHABLE", `Entra ID at ${url.host} is not asked: ${this.#proxyProblem}`);
    }
    const body = form.toString();
    const tooLarge = () => new Fault("ENTRA_ERROR", `the answer of Entra ID at ${url.host} is too large`);
    try {
      return await answerTo(this.#open(url, body), { body, timeoutMs, tooLarge }, signal);
    } catch (reason) {
      if (signal.aborted) throw signal.reason;
      throw Fault.is(reason, "ENTRA_ERROR") ? reason : unreachable(url, reason, timeoutMs);
    }
  }

  #open(url: URL, body: string): ClientRequest {
    const headers = {
      Accept: "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
      "Content-Length": Buffer.byteLength(body),
      "User-Agent": this.#options.userAgent,
    };
    return open(url, { method: "POST", headers, agent: this.#agent });
  }
}

/** Of what went wrong only the code: the message of a proxy's failure names the proxy with its password. */
function unreachable({ host }: URL, reason: unknown, timeoutMs: number): Fault {
  const code = reason instanceof Error && "code" in reason ? String(reason.code) : "";
  const why = /^[A-Z][A-Z_]+$/.test(code) ? code : `no answer within ${Math.round(timeoutMs / 100) / 10} seconds`;
  const todo = UNTRUSTED.test(why)
    ? "it shows a certificate that NMI does not trust: name its authority's file in NODE_EXTRA_CA_CERTS"
    : "check the node's network, HTTPS_PROXY and NO_PROXY";
  return new Fault("ENTRA_UNREACHABLE", `Entra ID at ${host} does not answer (${why}): ${todo}`);
}
