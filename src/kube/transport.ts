import http, { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { raceAbort } from "../base/single-flight.ts";
import type { Credentials, KubeAccess } from "./access.ts";
import { unreachable } from "./faults.ts";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
};
export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

const TIME_LIMIT_MS = 30_000;
/** TCP asks a silent peer for a sign of life after this long, then each second, and gives up after ten. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Requests to one API server, over connections that are kept open. They fail with Fault KUBE_UNREACHABLE, with what
 * the credentials fail with, or with the signal's reason.
 */
export class Transport implements AsyncDisposable {
  readonly #access: KubeAccess;
  readonly #userAgent: string;
  readonly #timeLimitMs: number;
  #agent: http.Agent | undefined;
  #agentKey = "";

  constructor(access: KubeAccess, userAgent: string, timeLimitMs = TIME_LIMIT_MS) {
    this.#access = access;
    this.#userAgent = userAgent;
    this.#timeLimitMs = timeLimitMs;
  }

  /** The whole answer, whatever its status. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    return await this.read(await this.open(request, signal), signal);
  }

  /** The rest of an answer that was opened. */
  async read(response: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
    const timer = setTimeout(() => response.destroy(new Error("the answer does not end")), this.#timeLimitMs);
    try {
      return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
    } catch (reason) {
      throw this.failure(reason, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The beginning of an answer whose rest may take any time; it is destroyed when the signal aborts. */
  async open(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await raceAbort(this.#access.credentials(), signal);
    try {
      return await this.#exchange(request, this.#optionsOf(request, credentials), signal);
    } catch (reason) {
      throw this.failure(reason, signal);
    }
  }

  /** What a broken request or answer is thrown as. What broke one connection has most likely broken the idle ones. */
  failure(reason: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (this.#agent !== undefined) closeIdle(this.#agent);
    return unreachable(this.#access.server, reason);
  }

  #exchange(request: HttpRequest, options: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const ask = options.protocol === "http:" ? http.request : https.request;
    const outgoing = ask({ ...options, signal }, resolve);
    const timer = setTimeout(() => outgoing.destroy(new Error("no answer in time")), this.#timeLimitMs);
    let isAnswered = false;
    outgoing.once("response", () => {
      isAnswered = true;
    });
    outgoing.on("error", (reason: NodeJS.ErrnoException) => {
      // The server closed an idle connection while we took it up again: nothing was wrong with the request.
      const isStale = outgoing.reusedSocket && !isAnswered && reason.code === "ECONNRESET";
      if (isStale && request.method === "GET" && !signal.aborted) resolve(this.#exchange(request, options, signal));
      else reject(reason);
    });
    outgoing.end(request.body);
    return promise.finally(() => clearTimeout(timer));
  }

  #optionsOf(request: HttpRequest, credentials: Credentials): RequestOptions {
    const { protocol, hostname, port, pathname } = new URL(this.#access.server);
    const { token, impersonate } = credentials;
    return {
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      path: (pathname === "/" ? "" : pathname) + request.path,
      method: request.method,
      agent: this.#agentFor(protocol, credentials),
      headers: {
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
        ...(impersonate === undefined ? {} : { "impersonate-user": impersonate }),
        ...(request.body === undefined
          ? {}
          : { "content-type": request.contentType, "content-length": Buffer.byteLength(request.body) }),
      },
    };
  }

  /** Connections hold on to a certificate, so others begin when it changes; requests under way end on the old ones. */
  #agentFor(protocol: string, { ca, cert, key, insecure = false }: Credentials): http.Agent {
    const agentKey = JSON.stringify([ca, cert, key, insecure]);
    if (this.#agent !== undefined && agentKey === this.#agentKey) return this.#agent;
    if (this.#agent !== undefined) retire(this.#agent);
    const { proxy, tlsServerName } = this.#access;
    const shared = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
    };
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      rejectUnauthorized: !insecure,
    };
    this.#agent = protocol === "http:" ? new http.Agent(shared) : new https.Agent({ ...shared, ...tls });
    this.#agentKey = agentKey;
    return this.#agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.destroy();
  }
}

/** Closes idle connections at once, and others when their request is over. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  closeIdle(agent);
}

function closeIdle(agent: http.Agent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}
