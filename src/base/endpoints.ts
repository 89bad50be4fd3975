import { type Listener, listen } from "./listener.ts";
import type { Metrics } from "./metrics.ts";

type Page = { readonly status: number; readonly body: string; readonly contentType?: string };
/** What is served at a path; anything else is 404. */
export type Endpoints = Readonly<Record<string, () => Page | Promise<Page>>>;

const PLAIN = "text/plain; charset=utf-8";
const NOT_FOUND: Page = { status: 404, body: "Not Found" };

/**
 * Serves small pages on all addresses of the machine, whatever the method and the query; `flag` is the setting that
 * names the port, which another process of ours may listen on too if it is shared.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveEndpoints(endpoints: Endpoints, port: number, flag: string, isShared = false): Promise<Listener> {
  const answer = async (path: string) =>
    (Object.hasOwn(endpoints, path) ? await endpoints[path]?.() : undefined) ?? NOT_FOUND;
  return listen(
    (request, response) => {
      answer(request.url?.split("?")[0] ?? "").then(
        ({ status, body, contentType = PLAIN }) =>
          response.writeHead(status, { "Content-Type": contentType }).end(body),
        () => response.destroy(),
      );
    },
    { host: "", port, flag, isShared },
  );
}

/** Serves `/metrics`. @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE */
export function serveMetrics<Name extends string>(
  metrics: Metrics<Name>,
  port: number,
  isShared = false,
): Promise<Listener> {
  return serveEndpoints(
    { "/metrics": async () => ({ status: 200, ...(await metrics.expose()) }) },
    port,
    "prometheus-port",
    isShared,
  );
}
