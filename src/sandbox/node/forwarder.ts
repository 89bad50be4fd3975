import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Endpoint = { readonly host: string; readonly port: number };
export type Forwarder = AsyncDisposable & { readonly port: number };

/**
 * Stands in for the network between a pod and the metadata address: listens on the pod's address, on a free port, and
 * connects onward *from* it, so that the other side sees the pod as its caller. Bytes pass unread.
 */
export async function startForwarder(options: { readonly address: string; readonly to: Endpoint }): Promise<Forwarder> {
  const { address, to } = options;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) =>
    passOn(inner, { ...to, localAddress: address }, open),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port: 0 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.resetAndDestroy();
      }),
  };
}

/** Joins a connection with a new one to somewhere else; `open` holds both while they last. */
function passOn(inner: Socket, to: Endpoint & { readonly localAddress?: string }, open: Set<Socket>): void {
  const outer = connect({ ...to, allowHalfOpen: true, noDelay: true });
  for (const [from, onward] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    open.add(from);
    from.pipe(onward); // passes on the end of each direction by itself, and waits for a slow reader
    from.on("error", () => onward.resetAndDestroy()); // refused, reset or timed out: the peer sees a reset as well
    from.on("close", () => open.delete(from));
  }
}
