import { once } from "node:events";
import * as http from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { eventually } from "../../../test/support/time/eventually.ts";
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

it("still carries what the caller says after the other side has ended", async () => {
  await using pool = await takeAddresses();
  const heard = Promise.withResolvers<string>();
  const server = accepting((socket) => {
    socket.end("nothing more from here");
    text(socket).then(heard.resolve, heard.reject);
  });
  await using to = await listen(server, pool);
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  const client = connect({ host: address, port: forwarder.port, allowHalfOpen: true });
  client.resume().on("end", () => client.end("late"));
  expect(await heard.promise).toBe("late");
});

it("holds the sender back while the receiver does not read, and loses nothing", async () => {
  await using pool = await takeAddresses();
  const size = 64 * 1024 * 1024;
  const accepted = Promise.withResolvers<Socket>();
  await using to = await listen(accepting(accepted.resolve), pool);
  const address = pool.allocate();
  await using forwarder = await startForwarder({ address, to });

  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024, "x");
  const source = new Readable({
    read() {
      sent += chunk.length;
      this.push(sent > size ? null : chunk);
    },
  });
  const client = connect({ host: address, port: forwarder.port });
  source.pipe(client);
  const peer = await accepted.promise;
  let [before, looks] = [0, 0];
  await eventually(() => {
    looks = sent === before ? looks + 1 : 0;
    before = sent;
    return looks;
  }).toBeGreaterThan(5); // nothing moves any more
  expect(sent).toBeLessThan(size);

  expect((await buffer(peer)).length).toBe(size);
  client.destroy();
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
