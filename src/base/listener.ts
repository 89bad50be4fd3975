import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { Fault } from "./fault.ts";

export type Listener = AsyncDisposable & { readonly server: Server | TlsServer; readonly port: number };
export type Address = {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** The flag that sets the port, named when the port is taken. */
  readonly flag: string;
  /** Whether another process of ours may listen there at the same time, as while one takes over from the other. */
  readonly isShared?: boolean;
};
export type ListenOptions = Address & { readonly server?: ServerOptions };

/** Where new ones come all the time, an end: more than wait to be accepted at a time. */
const MOST_ROUNDS = 1000;

/**
 * Serves HTTP at an address. Closing ends idle connections at once and waits for answers under way.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listener> {
  return bind(createServer(options.server ?? {}, handler), options);
}

/**
 * Lets a server that is made already, HTTP or HTTPS, listen at an address; closes as `listen` does.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function bind(server: Server | TlsServer, address: Address): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (reason: NodeJS.ErrnoException) => reject(refusal(reason, address)));
    server.listen({ host: address.host, port: address.port, reusePort: address.isShared ?? false }, resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      if (address.isShared) await acceptAll(server);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

/**
 * Lets those in who are connected already: closing would reset them, although another process could have served them.
 * Each turn of the event loop accepts one; the first may be over before it comes to that.
 */
async function acceptAll(server: Server | TlsServer): Promise<void> {
  let isQuiet = false;
  const hear = () => {
    isQuiet = false;
  };
  server.on("connection", hear);
  for (let round = 0; !isQuiet && round < MOST_ROUNDS; round += 1) {
    isQuiet = true;
    await turn();
    await turn();
  }
  server.off("connection", hear);
}

function refusal(reason: NodeJS.ErrnoException, { host, port, flag }: Address): Fault {
  const where = `${host}:${port}`;
  if (reason.code === "EADDRINUSE") {
    const message = `cannot listen on ${where}: another program uses the port; stop it or choose another with --${flag}`;
    return new Fault("PORT_IN_USE", message, { cause: reason });
  }
  const message = `cannot listen on ${where}: ${reason.code ?? reason.message}; choose an address of this machine, or another port with --${flag}`;
  return new Fault("ADDRESS_UNAVAILABLE", message, { cause: reason });
}
