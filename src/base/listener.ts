import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
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
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
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
