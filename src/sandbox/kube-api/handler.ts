import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../../base/log.ts";
import { answer } from "./answer.ts";
import { readBody } from "./body.ts";
import type { Cluster } from "./cluster.ts";
import { discover } from "./discovery.ts";
import type { JsonObject } from "./json.ts";
import { Registry } from "./registry.ts";
import { type ApiRequest, readRequest } from "./request.ts";
import { StatusError } from "./status.ts";
import { Store } from "./store.ts";
import { refusal, Trouble } from "./trouble.ts";
import { startWatch } from "./watch.ts";
import { create } from "./writes.ts";

export type ApiHandler = {
  readonly cluster: Cluster;
  readonly trouble: Trouble;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly endWatches: () => void;
};

type Settings = {
  readonly tokens?: ReadonlyMap<string, string>;
  readonly bookmarkMs?: number;
  readonly log?: Log;
};

const HEALTH: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"]);

/** A watch whose client reads so slowly that this much waits for it is ended, as the real server does. */
const WAITING_BYTES = 64 * 1024 * 1024;

/** The API server behind its listener: an empty cluster with its first namespaces. */
export function createHandler(settings: Settings): ApiHandler {
  const store = new Store();
  const cluster: Cluster = { store, registry: new Registry(store), now: Date.now };
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) addNamespace(cluster, name);
  const trouble = new Trouble();
  const watches = new Set<ServerResponse>();
  const { bookmarkMs = 60_000, tokens, log } = settings;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    if (HEALTH.has(url.pathname)) return sendText(response, "ok");
    const path = url.pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    if (path.join("/") !== "version") checkToken(incoming, tokens);
    const found = incoming.method === "GET" ? discover(cluster.registry, path) : undefined;
    if (found !== undefined) return send(response, 200, found);
    const request = readRequest(cluster.registry, incoming.method ?? "GET", path, url.searchParams);
    const mishap = trouble.meet(request);
    if (mishap?.delayMs) await new Promise((resolve) => setTimeout(resolve, mishap.delayMs));
    if (mishap?.drops) return void incoming.socket.destroy();
    if (mishap?.failure) throw refusal(mishap.failure);
    if (request.verb === "watch") return stream(request, response);
    const { code, body } = answer(cluster, request, await readBody(incoming));
    send(response, code, body);
  }

  function stream(request: ApiRequest, response: ServerResponse): void {
    const lines: string[] = [];
    // Nothing is sent before the query is known to be good, since the status line can be sent only once.
    let send = (line: string) => void lines.push(line);
    let ended = false;
    const end = () => {
      ended = true;
      if (response.headersSent) response.end();
    };
    const stop = startWatch(cluster, request.target, request.query, { send: (line) => send(line), end }, bookmarkMs);
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    response.flushHeaders();
    send = (line) => {
      response.write(line);
      if (response.writableLength > WAITING_BYTES) response.destroy();
    };
    if (lines.length > 0) response.write(lines.join(""));
    if (ended) return void response.end();
    watches.add(response);
    response.once("close", () => {
      stop();
      watches.delete(response);
    });
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await serve(incoming, response);
    } catch (reason) {
      const error = reason instanceof StatusError ? reason : unexpected(reason, log);
      sendError(response, error);
    }
    log?.verbose(4, "request", { method: incoming.method, url: incoming.url, status: response.statusCode });
  }

  const endWatches = () => {
    for (const response of watches) response.end();
  };
  return { cluster, trouble, handle, endWatches };
}

function addNamespace(cluster: Cluster, name: string): void {
  const resource = cluster.registry.find("", "v1", "namespaces");
  if (resource === undefined) throw new Error("namespaces are built in");
  create(cluster, { resource, namespace: "", name: "", subresource: "" }, { metadata: { name } }, { isDryRun: false });
}

function checkToken({ headers }: IncomingMessage, tokens: ReadonlyMap<string, string> | undefined): void {
  if (tokens === undefined) return;
  const [, token = ""] = /^Bearer\s+(.*)$/i.exec(headers.authorization ?? "") ?? [];
  if (!tokens.has(token)) throw new StatusError(401, "Unauthorized", "Unauthorized");
}

function unexpected(reason: unknown, log: Log | undefined): StatusError {
  const message = reason instanceof Error ? reason.message : String(reason);
  log?.error("request failed", { error: message });
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`);
}

function sendError(response: ServerResponse, error: StatusError): void {
  const { details } = error.status;
  const wait = (details as JsonObject | undefined)?.retryAfterSeconds;
  send(response, error.code, error.status, wait === undefined ? {} : { "retry-after": String(wait) });
}

function send(response: ServerResponse, code: number, body: JsonObject, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const all = { ...headers, "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
  response.writeHead(code, all).end(text);
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
