import { serveEndpoints } from "../base/endpoints.ts";
import type { Listener } from "../base/listener.ts";

/**
 * Serves the probes. `/healthz` is the original's: always 200, `Active` once pods are served; `/readyz` turns that into
 * a status, with the reason if one is known, and `/livez` says that the process answers.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(
  isActive: () => boolean,
  port: number,
  whyNot: () => string | undefined = () => undefined,
): Promise<Listener> {
  const text = () => (isActive() ? "Active" : "Not Active");
  const ready = () => (isActive() ? text() : [text(), whyNot()].filter((part) => part !== undefined).join(": "));
  const probes = {
    "/healthz": () => ({ status: 200, body: text() }),
    "/readyz": () => ({ status: isActive() ? 200 : 503, body: ready() }),
    "/livez": () => ({ status: 200, body: "Alive" }),
  };
  return serveEndpoints(probes, port, "http-probe-port", true);
}
