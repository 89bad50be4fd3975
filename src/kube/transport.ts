import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { createSecureContext } from "node:tls";
import { Fault } from "../base/fault.ts";
import { raceAbort } from "../base/single-flight.ts";
import type { Credentials, KubeAccess } from "./access.ts";
import { unreachable } from "./faults.ts";
import type { HttpPort, HttpRequest, HttpStream } from "./http-port.ts";

/** TCP asks a silent peer for a sign of life after this long, then each second, and gives up after ten. */
const KEEP_ALIVE_MS = 30_000;

/** Requests to one API server over connections that are kept open. */
export class Transport implements HttpPort {
  readonly #access: KubeAccess;
  readonly #userAgent: string;
  #agent: http.Agent | undefined;
  #agentKey = "";

  constructor(access: KubeAccess, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
  }

  get server(): string {
    return this.#access.server;
  }

  async open(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
    const credentials = await raceAbort(this.#access.credentials(), signal);
    try {
      const first = await this.#exchange(request, this.#optionsOf(request, credentials), signal);
      const answer = first.statusCode === 401 ? await this.#askAgain(request, credentials, first, signal) : first;
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: this.#bodyOf(answer, signal) };
    } catch (reason) {
      throw this.#failure(reason, signal);
    }
  }

  /** Refused for who we are, so nothing was done: with other credentials, if there are any by now, it may be sent again. */
  async #askAgain(
    request: HttpRequest,
    refused: Credentials,
    answer: IncomingMessage,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const credentials = await raceAbort(this.#access.credentials(true), signal);
    if (proofOf(credentials) === proofOf(refused)) return answer;
    answer.resume(); // so that its connection can be used again
    return await this.#exchange(request, this.#optionsOf(request, credentials), signal);
  }

  async *#bodyOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* answer;
    } catch (reason) {
      throw this.#failure(reason, signal);
    }
  }

  /** What a broken request or answer is thrown as. What broke one connection has most likely broken the idle ones. */
  #failure(reason: unknown, signal: AbortSignal): unknown {
    if (reason instanceof Fault && !signal.aborted) return reason; // of the credentials
    const isOurs = signal.aborted && !Fault.is(signal.reason, "KUBE_UNREACHABLE");
    if (this.#agent !== undefined && !isOurs) closeIdle(this.#agent);
    return signal.aborted ? signal.reason : unreachable(this.#access.server, reason);
  }

  #exchange(request: HttpRequest, options: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const ask = options.protocol === "http:" ? http.request : https.request;
    const outgoing = ask({ ...options, signal }, resolve);
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
    return promise;
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
        accept: request.accept ?? "application/json",
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
    const before = this.#agent;
    if (before !== undefined && agentKey === this.#agentKey) return before;
    const { proxy, tlsServerName } = this.#access;
    const shared = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
    };
    const tls = () => ({
      secureContext: createSecureContext({ ca, cert, key }), // or each connection would read the certificates anew
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      rejectUnauthorized: !insecure,
    });
    this.#agent = protocol === "http:" ? new http.Agent(shared) : new https.Agent({ ...shared, ...tls() });
    this.#agentKey = agentKey;
    if (before !== undefined) retire(before);
    return this.#agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.destroy();
  }
}

function proofOf({ token, cert }: Credentials): string {
  return JSON.stringify([token?.reveal(), cert]);
}

/** Closes idle connections at once, and others when their request is over. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  closeIdle(agent);
}

function closeIdle(agent: http.Agent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}
