import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault } from "./fault.ts";

export type Listener = AsyncDisposable & { readonly server: Server; readonly port: number };
export type ListenOptions = {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** The flag that sets the port, named when the port is taken. */
  readonly flag: string;
  readonly server?: ServerOptions;
};

/**
 * Serves HTTP at an address. Closing ends idle connections at once and waits for answers under way.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listener> {
  const server = createServer(options.server ?? {}, handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (reason: NodeJS.ErrnoException) => reject(refusal(reason, options)));
    server.listen({ host: options.host, port: options.port }, resolve);
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

function refusal(reason: NodeJS.ErrnoException, { host, port, flag }: ListenOptions): Fault {
  const where = `${host}:${port}`;
  if (reason.code === "EADDRINUSE") {
    const message = `cannot listen on ${where}: another program uses the port; stop it or choose another with --${flag}`;
    return new Fault("PORT_IN_USE", message, { cause: reason });
  }
  const message = `cannot listen on ${where}: ${reason.code ?? reason.message}; choose an address of this machine, or another port with --${flag}`;
  return new Fault("ADDRESS_UNAVAILABLE", message, { cause: reason });
}
