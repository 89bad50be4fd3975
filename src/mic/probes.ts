import { serveEndpoints } from "../base/endpoints.ts";
import type { Listener } from "../base/listener.ts";

/** How MIC fares, asked at each probe. */
export type Health = {
  /** This instance leads, and its loop runs. */
  readonly isActive: () => boolean;
  /** Why this instance could not lead at once, a sentence; undefined when it could. */
  readonly notReady: () => string | undefined;
  /** Something has hung for so long that only a restart helps. */
  readonly isStuck: () => boolean;
};

/**
 * Serves the probes. `/healthz` is the original's: always 200, `Active` while this instance leads. `/readyz` asks
 * whether it leads or stands by with all it needs, and says what is missing; `/livez` fails when a loop hangs.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(health: Health, port: number): Promise<Listener> {
  const probes = {
    "/healthz": () => ({ status: 200, body: health.isActive() ? "Active" : "Not Active" }),
    "/readyz": () => readiness(health.notReady()),
    "/livez": () => (health.isStuck() ? { status: 503, body: "Stuck" } : { status: 200, body: "Alive" }),
  };
  return serveEndpoints(probes, port, "http-probe-port");
}

function readiness(why: string | undefined): { readonly status: number; readonly body: string } {
  return why === undefined ? { status: 200, body: "Ready" } : { status: 503, body: `Not Ready: ${why}` };
}
