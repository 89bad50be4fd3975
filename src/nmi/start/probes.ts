import { serveEndpoints } from "../../base/endpoints.ts";
import type { Listener } from "../../base/listener.ts";

const ACTIVE = "Active";
const NOT_ACTIVE = "Not Active";
type Health = { readonly isActive: () => boolean; readonly trouble: () => string | undefined };

/** Whether pods are served, in the original's words, and why not if a reason is known. */
export function healthText({ isActive, trouble }: Health): string {
  return isActive() ? ACTIVE : [NOT_ACTIVE, trouble()].filter((part) => part !== undefined).join(": ");
}

/**
 * Serves the probes. `/healthz` is the original's: always 200, `Active` once pods are served; `/readyz` turns that into
 * a status, with the reason if one is known, and `/livez` says that the process answers.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(
  isActive: () => boolean,
  port: number,
  trouble: () => string | undefined = () => undefined,
): Promise<Listener> {
  const probes = {
    "/healthz": () => ({ status: 200, body: isActive() ? ACTIVE : NOT_ACTIVE }),
    "/readyz": () => ({ status: isActive() ? 200 : 503, body: healthText({ isActive, trouble }) }),
    "/livez": () => ({ status: 200, body: "Alive" }),
  };
  return serveEndpoints(probes, port, "http-probe-port", true);
}
