import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { bind } from "../../base/listener.ts";
import { ApiHandler, type HandlerSettings } from "./handler.ts";
import type { Failure, Which } from "./http/trouble.ts";

export type KubeApiOptions = HandlerSettings & {
  /** PEM texts; without them the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
};

/** A running API server, and what tests do to it. */
export type KubeApi = AsyncDisposable & {
  readonly url: string;
  /** Serves a connection that came in elsewhere. */
  readonly take: (socket: Socket) => void;
  /** The next `times` requests that fit get this refusal. */
  failNext(which: Which, failure: Failure, times?: number): void;
  /** The next `times` requests that fit are answered after `ms`. */
  delayNext(which: Which, ms: number, times?: number): void;
  /** The next `times` requests that fit get no answer: the connection closes. */
  dropNext(which: Which, times?: number): void;
  /** Forgets what is planned. */
  calm(): void;
  /** Makes all resourceVersions up to now too old: watches and pages that resume from them get 410. */
  compact(): void;
  /** Closes all connections at once, watches included; the server stays. */
  disconnect(): void;
};

/** Starts a Kubernetes API server on a free port of loopback; its objects live in memory. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const { tls, ...settings } = options;
  const api = new ApiHandler(settings);
  const handle: http.RequestListener = (request, response) => void api.handle(request, response);
  const server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle);
  const listener = await bind(server, { host: "127.0.0.1", port: 0, flag: "port" });
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listener.port}`,
    take: (socket) => void server.emit("connection", socket),
    failNext: (which, failure, times = 1) => api.trouble.plan(which, { failure }, times),
    delayNext: (which, delayMs, times = 1) => api.trouble.plan(which, { delayMs }, times),
    dropNext: (which, times = 1) => api.trouble.plan(which, { drops: true }, times),
    calm: () => api.trouble.clear(),
    compact: () => api.cluster.store.compact(),
    disconnect: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      api.end();
      const closed = listener[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}
