import { type Listener, listen } from "../base/listener.ts";

/**
 * Serves the probes on all addresses. `/healthz` is the original's: always 200, `Active` once pods are served;
 * `/readyz` turns that into a status, and `/livez` says that the process answers.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProbes(isActive: () => boolean, port: number): Promise<Listener> {
  return listen(
    (request, response) => {
      const [status, text] = probe(request.url?.split("?")[0] ?? "", isActive());
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
    },
    { host: "", port, flag: "http-probe-port" },
  );
}

function probe(path: string, isActive: boolean): readonly [status: number, text: string] {
  const text = isActive ? "Active" : "Not Active";
  if (path === "/healthz") return [200, text];
  if (path === "/readyz") return [isActive ? 200 : 503, text];
  return path === "/livez" ? [200, "Alive"] : [404, "Not Found"];
}
