import { serveEndpoints } from "../base/endpoints.ts";
import type { Listener } from "../base/listener.ts";

/**
 * Serves the probes. `/healthz` is the original's: always 200, `Active` once pods are served; `/readyz` turns that into
 * a status, and `/livez` says that the process answers.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(isActive: () => boolean, port: number): Promise<Listener> {
  const text = () => (isActive() ? "Active" : "Not Active");
  const probes = {
    "/healthz": () => ({ status: 200, body: text() }),
    "/readyz": () => ({ status: isActive() ? 200 : 503, body: text() }),
    "/livez": () => ({ status: 200, body: "Alive" }),
  };
  return serveEndpoints(probes, port, "http-probe-port");
}
