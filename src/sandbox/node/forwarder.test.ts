import { once } from "node:events";
import * as http from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { type AddressPool, takeAddresses } from "./addresses.ts";
import { type Endpoint, startForwarder } from "./forwarder.ts";

vi.setConfig({ testTimeout: 60_000 });

/** A server on an address of its own; `serve` gets each connection. */
async function listen(server: Server, pool: AddressPool): Promise<Endpoint & AsyncDisposable> {
  server.listen(0, pool.allocate());
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
const accepting = (serve: (socket: Socket) => void) => createServer({ allowHalfOpen: true }, serve);

it("connects onward from the pod's address", async () => {
  await using pool = await takeAddresses();
  const server = http.createServer((request, response) => response.end(request.socket.remoteAddress));
  await using to = await listen(server, pool);
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  const request = http.get({ host: address, port: forwarder.port, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(await text(response)).toBe(address);
});

it("passes each direction's end on by itself", async () => {
  await using pool = await takeAddresses();
  const server = accepting((socket) => {
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk));
    socket.on("end", () => socket.end(`heard ${heard} to its end`)); // it speaks only after the client has ended
  });
  await using to = await listen(server, pool);
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  const client = connect({ host: address, port: forwarder.port });
  client.end("all of it");
  expect(await text(client)).toBe("heard all of it to its end");
});

it("holds the sender back while the receiver does not read, and loses nothing", async () => {
  await using pool = await takeAddresses();
  const size = 64 * 1024 * 1024;
  let peer: Socket | undefined;
  const server = accepting((socket) => {
    peer = socket;
  });
  await using to = await listen(server, pool);
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  const client = connect({ host: address, port: forwarder.port });
  client.end(Buffer.alloc(size, "x"));
  await eventually(() => peer).toBeDefined();
  await eventually(() => stalled(client)).toBe(true);
  expect(client.writableLength).toBeGreaterThan(0);

  const received = await buffer(peer as Socket);
  expect(received.length).toBe(size);
  peer?.end();
  client.resume();
  await once(client, "close");
});

it("resets the caller when nobody listens at the other end", async () => {
  await using pool = await takeAddresses();
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to: { host: pool.allocate(), port: 9 } });
  await expect(outcome(connect({ host: address, port: forwarder.port }))).resolves.toBe("ECONNRESET");
});

it("passes a reset on, either way", async () => {
  await using pool = await takeAddresses();
  const peers: Socket[] = [];
  await using to = await listen(
    accepting((socket) => void peers.push(socket.resume())),
    pool,
  );
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  const first = connect({ host: address, port: forwarder.port });
  await eventually(() => peers.length).toBe(1);
  peers[0]?.resetAndDestroy();
  expect(await outcome(first)).toBe("ECONNRESET");

  const second = connect({ host: address, port: forwarder.port });
  await eventually(() => peers.length).toBe(2);
  const heard = outcome(peers[1] as Socket);
  second.resetAndDestroy();
  expect(await heard).toBe("ECONNRESET");
});

it("closes what is open and stops listening with the pod", async () => {
  await using pool = await takeAddresses();
  const peers: Socket[] = [];
  await using to = await listen(
    accepting((socket) => void peers.push(socket.resume())),
    pool,
  );
  const address = pool.allocate();
  const forwarder = await startForwarder({ address, to });
  const client = connect({ host: address, port: forwarder.port });
  await eventually(() => peers.length).toBe(1);
  const heard = Promise.all([outcome(client), outcome(peers[0] as Socket)]);

  await forwarder[Symbol.asyncDispose]();
  expect(await heard).toEqual(["ECONNRESET", "ECONNRESET"]);
  await expect(outcome(connect({ host: address, port: forwarder.port }))).resolves.toBe("ECONNREFUSED");
});

/** How a connection ended: the code of its error, or `closed`. */
function outcome(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("error", (reason: NodeJS.ErrnoException) => resolve(reason.code ?? reason.message));
    socket.once("close", () => resolve("closed"));
  });
}

const lengths = new WeakMap<Socket, number>();
/** Whether a socket has sent nothing since the last look. */
function stalled(socket: Socket): boolean {
  const before = lengths.get(socket);
  lengths.set(socket, socket.writableLength);
  return before !== undefined && socket.bytesWritten > 0 && before === socket.writableLength;
}
