import type { IncomingMessage, ServerResponse } from "node:http";
import { realClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { readAttributes } from "./auth/attributes.ts";
import type { Masters } from "./auth/auth.ts";
import { checkAllowed } from "./auth/refusal.ts";
import { issuerDocument } from "./auth/token-issuer.ts";
import type { Cluster } from "./cluster.ts";
import { startControllers } from "./controllers.ts";
import { discover } from "./discovery/discovery.ts";
import { openApi } from "./discovery/openapi.ts";
import { sendOpenApiV2 } from "./discovery/openapi-v2.ts";
import { createFirstObjects } from "./first-objects.ts";
import { acceptsAggregated } from "./http/accept.ts";
import { answer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { type Rendering, readRendering, rendered } from "./http/rendering.ts";
import { type ApiRequest, readRequest } from "./http/request.ts";
import { send, sendError, sendText } from "./http/respond.ts";
import { refusal, Trouble } from "./http/trouble.ts";
import { firstNamespaces, namespaces } from "./kinds/namespaces.ts";
import { notCarriedOut } from "./kinds/not-carried-out.ts";
import { newCluster } from "./new-cluster.ts";
import { createDefaultRoles } from "./rbac/bootstrap.ts";
import { type NodeLogs, sendLog } from "./reads/pod-log.ts";
import { readWatch, runWatch } from "./reads/watch.ts";
import { noSuchPath, StatusError } from "./status.ts";
import { create } from "./writes/writes.ts";

export type HandlerSettings = {
  /** Without them whoever comes without a service account's token may do everything. */
  readonly tokens?: Masters;
  /** Do what kube-controller-manager does here: service accounts of namespaces, and collecting what nobody owns any more. */
  readonly controllers?: boolean;
  /** How often a watch that wants bookmarks gets one. */
  readonly bookmarkMs?: number;
  readonly log?: Log;
  /** Without it no pod has printed anything. */
  readonly logs?: NodeLogs;
};

const HEALTH: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"]);

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** As often as the real server sends them. */
const BOOKMARK_MS = 60_000;

/** A watch whose client reads so slowly that this much waits for it is cut off. */
const WAITING_BYTES = 64 * 1024 * 1024;

/** The API server behind its listener; it starts with a cluster that holds its first namespaces only. */
export class ApiHandler {
  readonly cluster: Cluster;
  readonly trouble = new Trouble();
  readonly #watches = new Set<ServerResponse>();
  readonly #settings: HandlerSettings;
  readonly #endControllers: () => void;

  constructor(settings: HandlerSettings) {
    this.#settings = settings;
    this.cluster = firstCluster(settings);
    this.#endControllers = settings.controllers === true ? startControllers(this.cluster) : () => {};
  }

  /** Answers a request; it never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log } = this.#settings;
    try {
      await this.#serve(incoming, response);
    } catch (reason) {
      sendError(response, reason instanceof StatusError ? reason : unexpected(reason, log));
    }
    log?.verbose(4, "request", { method: incoming.method, url: incoming.url, status: response.statusCode });
  }

  /** Ends the controllers, and the streams of all watches in good order. */
  end(): void {
    this.#endControllers();
    for (const response of this.#watches) response.end();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET" } = incoming;
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
    const path = partsOf(pathname);
    const { auth } = this.cluster;
    const asking = auth.userOf(incoming);
    checkAllowed(auth.rbac, asking, readAttributes(method, pathname, path, searchParams));
    if (HEALTH.has(pathname)) return sendText(response, "ok");
    const keys = issuerDocument(auth.key, pathname);
    if (keys !== undefined) return send(response, 200, keys);
    const { accept } = incoming.headers;
    const isAggregated = acceptsAggregated(accept);
    const { registry } = this.cluster;
    if (method === "GET" && pathname === "/openapi/v2") return sendOpenApiV2(response, accept);
    const found = method === "GET" ? (discover(registry, path, isAggregated) ?? openApi(registry, path)) : undefined;
    if (found !== undefined) return send(response, 200, found, isAggregated ? { "content-type": AGGREGATED } : {});
    const request = readRequest(this.cluster.registry, method, path, searchParams);
    const { delayMs, drops, failure } = this.trouble.meet(request) ?? {};
    if (delayMs !== undefined) await realClock.sleep(delayMs);
    if (drops) return void incoming.socket.destroy();
    if (failure) throw refusal(failure);
    if (request.target.subresource === "log") return sendLog(this.cluster, request, this.#settings.logs, response);
    const { warning } = request.target.resource;
    if (warning !== "") response.setHeader("warning", `299 - ${JSON.stringify(warning)}`);
    const rendering = readRendering(accept, searchParams);
    if (request.verb === "watch") return this.#stream(request, rendering, response);
    const content = await readBody(incoming, request.target.resource.kind);
    const { code, body, warnings = [] } = answer({ ...this.cluster, asking }, request, content);
    const kept = this.#settings.controllers === true ? notCarriedOut(request, body) : [];
    for (const each of [...warnings, ...kept]) response.appendHeader("warning", `299 - ${JSON.stringify(each)}`);
    send(response, code, rendered(request.target, body, rendering, Date.now()));
  }

  #stream({ target, query }: ApiRequest, rendering: Rendering, response: ServerResponse): void {
    const watch = readWatch(target, query, this.#settings.bookmarkMs ?? BOOKMARK_MS, rendering);
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    response.flushHeaders();
    this.#watches.add(response);
    const stop = runWatch(this.cluster, watch, {
      send: (line) => {
        response.write(line);
        if (response.writableLength > WAITING_BYTES) response.destroy();
      },
      end: () => response.end(),
    });
    response.once("close", () => {
      stop();
      this.#watches.delete(response);
    });
  }
}

function firstCluster({ tokens, controllers = false }: HandlerSettings): Cluster {
  const cluster = newCluster(Date.now, tokens, controllers);
  const target = { resource: namespaces, namespace: "", name: "", subresource: "" };
  for (const name of firstNamespaces) create(cluster, target, { metadata: { name } }, { isDryRun: false });
  createDefaultRoles(cluster);
  createFirstObjects(cluster);
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

function unexpected(reason: unknown, log: Log | undefined): StatusError {
  const message = reason instanceof Error ? reason.message : String(reason);
  log?.error("request failed", { error: message });
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`);
}
