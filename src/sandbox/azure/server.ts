import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { bind } from "../../base/listener.ts";
import type { Log } from "../../base/log.ts";
import type { ServerCertificate } from "../certificates.ts";
import { CONTROL_PATH, controlAnswer } from "./fault-control.ts";
import type { Operation } from "./operations.ts";
import { Refusal } from "./refusal.ts";
import { type Outcome, tellRequest } from "./request-log.ts";
import { Hangup, type Traffic } from "./traffic.ts";

/** A request as the routes of an emulator see it. */
export type Asked = {
  readonly method: string;
  /** Where the caller found us, e.g. `https://127.0.0.1:8443`. */
  readonly origin: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};
export type Answer = {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
/** The named groups of a route's path. */
export type Params = Readonly<Record<string, string>>;
export type Route = {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: Operation;
  answer(asked: Asked, params: Params): Answer | Promise<Answer>;
};
export type Service = {
  readonly traffic: Traffic;
  readonly routes: readonly Route[];
  /** A call begins; it ends when the result is disposed of. @throws Refusal where a limit is reached */
  enter?(operation: Operation): Disposable;
  /** Judges a request before its route does. @throws Refusal */
  admit(asked: Asked, operation: Operation): void;
  /** Headers of every answer. */
  headers(asked: Asked): Readonly<Record<string, string>>;
  /** What an error looks like in this service. */
  refused(refusal: Refusal, asked: Asked): Answer;
  /** What a request gets that no route takes. */
  unknown(asked: Asked): Refusal;
};
export type Place = {
  readonly host?: string;
  /** A free one by default. */
  readonly port?: number;
  /** The setting that names the port, for the error when it is taken. */
  readonly flag?: string;
  /** The services of which rules of trouble can be sent to it while it runs; none by default. */
  readonly controls?: readonly string[] | undefined;
  /** Where each request is told, and what became of it. */
  readonly log?: Log | undefined;
  readonly tls?: ServerCertificate;
};
/** An emulator that runs: `url` has no slash at its end. Disposing of it cuts connections that are still open. */
export type Emulator = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Serves a connection that came in elsewhere. */
  readonly take: (socket: Socket) => void;
};

type Context = {
  readonly service: Service;
  readonly scheme: string;
  readonly signal: AbortSignal;
  readonly controls: readonly string[] | undefined;
  readonly log: Log | undefined;
};

const LARGEST_BODY = 1024 * 1024;

/**
 * Serves an emulated service, by default on a free port of 127.0.0.1.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function serve(
  service: Service,
  { host = "127.0.0.1", port = 0, flag = "port", tls, controls, log }: Place,
): Promise<Emulator> {
  const stop = new AbortController();
  const scheme = tls === undefined ? "http" : "https";
  const context = { service, scheme, signal: stop.signal, controls, log };
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    respond(context, request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler);
  const listener = await bind(server, { host, port, flag });
  return {
    url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${listener.port}`,
    port: listener.port,
    take: (socket) => void server.emit("connection", socket),
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("the emulator stops", "AbortError"));
      server.closeAllConnections();
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function respond(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { service, scheme, controls } = context;
  const asked = await read(request, scheme);
  const isControl = controls !== undefined && asked.path === CONTROL_PATH;
  const answer = isControl ? controlAnswer(service.traffic, controls, asked) : await answerTo(context, asked);
  const { status, json, text, headers } = answer;
  const body = json === undefined ? text : JSON.stringify(json);
  const type = json === undefined ? "text/plain; charset=utf-8" : "application/json; charset=utf-8";
  response.writeHead(status, {
    ...service.headers(asked),
    ...(body === undefined ? {} : { "content-type": type }),
    "content-length": Buffer.byteLength(body ?? ""),
    ...headers,
  });
  response.end(body);
}

async function answerTo({ service, signal, log }: Context, asked: Asked): Promise<Answer> {
  const tell = (outcome: Outcome) => log && tellRequest(log, asked, outcome);
  try {
    const found = service.routes
      .filter(({ method }) => method === asked.method)
      .map((route) => ({ route, match: route.path.exec(asked.path) }))
      .find(({ match }) => match !== null);
    if (found === undefined) throw service.unknown(asked);
    using _call = service.enter?.(found.route.operation);
    await service.traffic.arrive(found.route.operation, signal);
    service.admit(asked, found.route.operation);
    const answer = await found.route.answer(asked, { ...found.match?.groups });
    if (answer.status < 300) service.traffic.succeed(found.route.operation);
    tell({ status: answer.status });
    return answer;
  } catch (reason) {
    if (reason instanceof Hangup) tell({ reason: reason.message });
    if (reason instanceof Hangup || signal.aborted) throw reason;
    const refusal = refusalOf(reason);
    tell({ status: refusal.status, reason: refusal.message });
    return service.refused(refusal, asked);
  }
}

function refusalOf(reason: unknown): Refusal {
  if (reason instanceof Refusal) return reason;
  return new Refusal(500, "InternalServerError", `defect of the emulator: ${String(reason)}`);
}

async function read(request: IncomingMessage, scheme: string): Promise<Asked> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new Hangup("the body is larger than 1 MiB");
    chunks.push(chunk);
  }
  const target = request.url ?? "/";
  const cut = target.indexOf("?");
  return {
    method: request.method ?? "GET",
    origin: `${scheme}://${request.headers.host ?? "localhost"}`,
    path: decoded(cut < 0 ? target : target.slice(0, cut)),
    query: new URLSearchParams(cut < 0 ? "" : target.slice(cut)),
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // matches no route, and the service says so
  }
}
