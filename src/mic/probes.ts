import { serveEndpoints } from "../base/endpoints.ts";
import type { Listener } from "../base/listener.ts";

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
 * Serves the probes. `/healthz` is the original's: always 200, `Active` while this instance leads. `/readyz` asks
 * whether it leads or stands by with all caches filled, `/livez` fails when the loop hangs.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(health: Health, port: number): Promise<Listener> {
  const probes = {
    "/healthz": () => ({ status: 200, body: health.isActive() ? "Active" : "Not Active" }),
    "/readyz": () => (health.isReady() ? { status: 200, body: "Ready" } : { status: 503, body: "Not Ready" }),
    "/livez": () => (health.isStuck() ? { status: 503, body: "Stuck" } : { status: 200, body: "Alive" }),
  };
  return serveEndpoints(probes, port, "http-probe-port");
}
