import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createLog } from "../../../src/base/log.ts";
import type { Credentials } from "../../../src/kube/access.ts";
import { type ClientOptions, KubeClient } from "../../../src/kube/client.ts";

export const log = createLog({ write: () => {} });

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Over = Partial<ClientOptions> & { readonly path?: string; readonly credentials?: () => Promise<Credentials> };

/** A client of a server that answers as told; both end with the test. */
export async function clientOf(handler: Handler, over: Over = {}) {
  const sockets = new Set<Socket>();
  const server = createServer(handler).on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${over.path ?? ""}`;
  const access = { server: address, credentials: over.credentials ?? (async () => ({})) };
  const client = new KubeClient(access, { userAgent: "test/1", log, ...over });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
  });
  return { client, sockets, address };
}
