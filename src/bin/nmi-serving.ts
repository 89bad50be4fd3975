import { realClock } from "../base/clock.ts";
import type { Listener } from "../base/listener.ts";
import type { Interception } from "../intercept/interception.ts";
import type { NmiEvents } from "../nmi/events/events.ts";
import { inTurn } from "../nmi/server/turn.ts";

type Serving = AsyncDisposable & {
  /** Whether another program had NMI's own port for itself. */
  readonly isBeside: boolean;
  /** Resolves once pods are served at NMI's own port, or once told to stop. */
  readonly hasOwnPort: Promise<void>;
};
type Address = { readonly host: string; readonly port: number };
type Context = { readonly signal: AbortSignal; readonly events: Pick<NmiEvents, "listening" | "portTaken"> };

/**
 * Serves pods from now on: at NMI's own port, or, while an NMI of 1.x or whoever else has that for itself, at another one.
 * @throws Fault PORT_IN_USE where somebody else redirects pods' requests, who knows of no other port
 */
export async function servePods(
  serveAt: (port: number) => Promise<Listener>,
  interception: Interception,
  { host, port }: Address,
  { signal, events }: Context,
): Promise<Serving> {
  const servers = new Set<Listener>();
  const begin = async (server: Listener, redirect: (port: number) => Promise<void>) => {
    servers.add(server);
    await redirect(server.port);
    return server;
  };
  const end = async (server: Listener) => {
    servers.delete(server);
    await server[Symbol.asyncDispose]();
  };
  const own = async (server: Listener) => {
    events.listening(host, server.port);
    await begin(server, interception.redirectTo);
  };
  const stop = async () => void (await Promise.all([...servers].map(end)));

  const { taken, listener } = await inTurn(() => serveAt(port), { clock: realClock, signal });
  const { redirectMeanwhileTo } = interception;
  if (taken !== undefined && redirectMeanwhileTo === undefined) throw taken;
  const follow = async () => {
    const server = await listener;
    if (server === undefined) return;
    await own(server);
    if (signal.aborted) return; // rules may still lead to the other one
    // Connections to it that are kept end by one more answer, as where one NMI follows another.
    await Promise.all([...servers].filter((one) => one !== server).map(end));
  };
  try {
    if (taken === undefined || redirectMeanwhileTo === undefined) await follow();
    else {
      const server = await serveAt(0);
      events.portTaken(port, server.port);
      await begin(server, redirectMeanwhileTo);
    }
  } catch (reason) {
    await stop();
    throw reason;
  }
  const unlessTold = (reason: unknown) => {
    if (!signal.aborted) throw reason;
  };
  const hasOwnPort = taken === undefined ? Promise.resolve() : follow().catch(unlessTold);
  hasOwnPort.catch(() => {}); // heard by whoever waits for it
  return {
    isBeside: taken !== undefined,
    hasOwnPort,
    async [Symbol.asyncDispose]() {
      await hasOwnPort.catch(() => {});
      await stop();
    },
  };
}
