import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../../base/log.ts";
import { answer } from "./answer.ts";
import { readBody } from "./body.ts";
import type { Cluster } from "./cluster.ts";
import { discover } from "./discovery.ts";
import { firstNamespaces, namespaces } from "./namespaces.ts";
import { Registry } from "./registry.ts";
import { readRequest } from "./request.ts";
import { send, sendError, sendText } from "./respond.ts";
import { noSuchPath, StatusError } from "./status.ts";
import { Store } from "./store.ts";
import { refusal, Trouble } from "./trouble.ts";
import { readWatch, runWatch, type Watch } from "./watch.ts";
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

/** A watch whose client reads so slowly that this much waits for it is cut off. */
const WAITING_BYTES = 64 * 1024 * 1024;

/** The API server behind its listener: a cluster that holds its first namespaces only. */
export function createHandler({ tokens, bookmarkMs = 60_000, log }: Settings): ApiHandler {
  const cluster = emptyCluster();
  const trouble = new Trouble();
  const watches = new Set<ServerResponse>();

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
    if (HEALTH.has(pathname)) return sendText(response, "ok");
    const path = partsOf(pathname);
    if (pathname !== "/version") checkToken(incoming, tokens);
    const found = incoming.method === "GET" ? discover(cluster.registry, path) : undefined;
    if (found !== undefined) return send(response, 200, found);
    const request = readRequest(cluster.registry, incoming.method ?? "GET", path, searchParams);
    const { delayMs, drops, failure } = trouble.meet(request) ?? {};
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (drops) return void incoming.socket.destroy();
    if (failure) throw refusal(failure);
    if (request.verb === "watch") return stream(readWatch(request.target, searchParams, bookmarkMs), response);
    const { code, body } = answer(cluster, request, await readBody(incoming));
    send(response, code, body);
  }

  function stream(watch: Watch, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    response.flushHeaders();
    const stop = runWatch(cluster, watch, {
      send: (line) => {
        response.write(line);
        if (response.writableLength > WAITING_BYTES) response.destroy();
      },
      end: () => response.end(),
    });
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
      sendError(response, reason instanceof StatusError ? reason : unexpected(reason, log));
    }
    log?.verbose(4, "request", { method: incoming.method, url: incoming.url, status: response.statusCode });
  }

  const endWatches = () => {
    for (const response of watches) response.end();
  };
  return { cluster, trouble, handle, endWatches };
}

function emptyCluster(): Cluster {
  const store = new Store();
  const cluster = { store, registry: new Registry(store), now: Date.now };
  const target = { resource: namespaces, namespace: "", name: "", subresource: "" };
  for (const name of firstNamespaces) create(cluster, target, { metadata: { name } }, { isDryRun: false });
  return cluster;
}

function partsOf(pathname: string): readonly string[] {
  try {
    const parts = pathname.split("/").filter((part) => part !== "");
    return parts.map(decodeURIComponent);
  } catch {
    throw noSuchPath();
  }
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
