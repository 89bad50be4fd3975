import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Log } from "../../base/log.ts";
import { type ApiHandler, createHandler } from "./handler.ts";
import type { Failure, Which } from "./trouble.ts";

export type KubeApiOptions = {
  /** PEM texts; without them the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Bearer tokens and whose they are; without them everybody may do everything. */
  readonly tokens?: ReadonlyMap<string, string>;
  /** How often a watch that wants bookmarks gets one. */
  readonly bookmarkMs?: number;
  /** 0 lets the system choose one. */
  readonly port?: number;
  readonly log?: Log;
};

/** A running API server, and what tests do to it. */
export type KubeApi = AsyncDisposable & {
  readonly url: string;
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

/** Starts a Kubernetes API server on loopback whose objects live in memory. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const { tls, port = 0, ...rest } = options;
  const api: ApiHandler = createHandler(rest);
  const handler = (request: IncomingMessage, response: ServerResponse) => void api.handle(request, response);
  const server = tls === undefined ? createHttpServer(handler) : createHttpsServer(tls, handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, resolve);
  });
  const scheme = tls === undefined ? "http" : "https";
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failNext: (which, failure, times = 1) => api.trouble.plan(which, { failure }, times),
    delayNext: (which, delayMs, times = 1) => api.trouble.plan(which, { delayMs }, times),
    dropNext: (which, times = 1) => api.trouble.plan(which, { drops: true }, times),
    calm: () => api.trouble.clear(),
    compact: () => api.cluster.store.compact(),
    disconnect: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        api.endWatches();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
