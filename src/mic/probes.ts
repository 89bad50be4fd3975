import { type Listener, listen } from "../base/listener.ts";

/** How MIC fares, asked at each probe. */
export type Health = {
  /** This instance leads, and its loop runs. */
  readonly isActive: () => boolean;
  /** What is known of the cluster is complete, so that this instance could lead at once. */
  readonly isReady: () => boolean;
  /** Something has hung for so long that only a restart helps. */
  readonly isStuck: () => boolean;
};

/**
 * Serves the probes on all addresses. `/healthz` is the original's: always 200, `Active` while this instance leads.
 * `/readyz` asks whether it leads or stands by with all caches filled, `/livez` fails when the loop hangs.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(health: Health, port: number): Promise<Listener> {
  return listen(
    (request, response) => {
      const [status, text] = probe(request.url?.split("?")[0] ?? "", health);
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
    },
    { host: "", port, flag: "http-probe-port" },
  );
}

function probe(path: string, health: Health): readonly [status: number, text: string] {
  switch (path) {
    case "/healthz":
      return [200, health.isActive() ? "Active" : "Not Active"];
    case "/readyz":
      return health.isReady() ? [200, "Ready"] : [503, "Not Ready"];
    case "/livez":
      return health.isStuck() ? [503, "Stuck"] : [200, "Alive"];
    default:
      return [404, "Not Found"];
  }
}
