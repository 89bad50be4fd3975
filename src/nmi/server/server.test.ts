import { Agent, type IncomingMessage, request as send } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { Listener } from "../../base/listener.ts";
import type { Connection, NmiRequest, NmiResponse } from "./message.ts";
import { plainAddress } from "./peers.ts";
import { serve } from "./server.ts";

const fine: NmiResponse = { status: 200, headers: { "Content-Type": "application/json" }, body: '{"a":1}' };
const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function start(
  answer: (request: NmiRequest) => Promise<NmiResponse>,
  times: { readonly drainMs?: number; readonly lastAnswersMs?: number } = {},
): Promise<Listener> {
  const listener = await serve({ host: "127.0.0.1", port: 0, answer, ...times });
  opened.push(listener);
  return listener;
}

function call(port: number, over: Parameters<typeof send>[1] & object = {}, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    send({ host: "127.0.0.1", port, path: "/metadata/instance", ...over }, resolve)
      .once("error", reject)
      .end(body);
  });
}

/** What the server sends in answer to raw bytes, until it closes the connection. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  return await text(socket);
}

describe("serve", () => {
  it("hands the request over as it was sent, with the caller's address", async () => {
    const seen: NmiRequest[] = [];
    const { port } = await start(async (request) => {
      seen.push(request);
      return fine;
    });
    const path = "/Metadata//identity%2fx?resource=%41";
    const response = await call(port, { path, localAddress: "127.9.8.7", headers: { Metadata: "true" } });
    expect([response.statusCode, await text(response)]).toEqual([200, '{"a":1}']);
    expect(response.headers).toMatchObject({ "content-length": "7", "content-type": "application/json" });
    expect(seen).toMatchObject([
      { method: "GET", target: path, headers: { metadata: "true" }, connection: { remoteAddress: "127.9.8.7" } },
    ]);
  });

  it("gives the requests of one connection the same connection, and others another", async () => {
    const seen: Connection[] = [];
    const { port } = await start(async ({ connection }) => {
      seen.push(connection);
      return fine;
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await text(await call(port, { agent }));
    await text(await call(port, { agent }));
    await text(await call(port, { agent: false }));
    agent.destroy();
    expect(seen[0]).toBe(seen[1]);
    expect(seen[2]).not.toBe(seen[1]);
  });

  it("keeps connections for two minutes, and closes them when told", async () => {
    const { port } = await start(async ({ target }) => ({ ...fine, isLast: target === "/last" }));
    const agent = new Agent({ keepAlive: true });
    const kept = await call(port, { agent });
    await text(kept);
    const last = await call(port, { agent, path: "/last" });
    await text(last);
    agent.destroy();
    expect(kept.headers["keep-alive"]).toMatch(/timeout=120/);
    expect(last.headers.connection).toBe("close");
  });

  it("tells the answering side when the client goes away", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { port } = await start(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            resolve(signal.reason);
            reject(signal.reason);
          });
          client.destroy();
        }),
    );
    const client = send({ host: "127.0.0.1", port }).on("error", () => {});
    client.end();
    expect(await promise).toMatchObject({ code: "CANCELLED" });
  });

  it("reads bodies, but not large ones", async () => {
    const { port } = await start(async ({ body }) => ({ ...fine, body }));
    expect(await text(await call(port, { method: "POST" }, "hello"))).toBe("hello");
    const large = await call(port, { method: "POST" }, "x".repeat(65 * 1024));
    expect([large.statusCode, JSON.parse(await text(large)).error]).toEqual([400, "invalid_request"]);
  });

  it.each([
    { when: "no HTTP", bytes: "hello\r\n\r\n" },
    { when: "a header without a colon", bytes: "GET / HTTP/1.1\r\nHost x\r\n\r\n" },
    {
      when: "both lengths at once",
      bytes: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    },
    { when: "headers without end", bytes: `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n` },
    { when: "an expectation", bytes: "GET / HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n" },
    { when: "a tunnel", bytes: "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org\r\n\r\n" },
  ])("answers $when with JSON 400 and closes", async ({ bytes }) => {
    const { port } = await start(async () => fine);
    const answer = await raw(port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain("Content-Type: application/json; charset=utf-8");
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({ error: "invalid_request" });
  });

  it("lets go of a client that is no HTTP client and does not close", async () => {
    const { server, port } = await start(async () => fine);
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }); // never ends its side
    socket.write("no HTTP\r\n\r\n");
    const open = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    await expect.poll(open).toBe(1);
    await expect.poll(open, { timeout: 5_000 }).toBe(0);
    socket.destroy();
  });

  it("answers a request without Host, as old clients send it", async () => {
    const { port } = await start(async () => fine);
    expect(await raw(port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it.each([
    { when: "as long as what a GET would get", headers: { "content-length": "7" }, then: "7" },
    { when: "of unknown length", headers: {}, then: undefined },
  ])("answers HEAD with a body $when", async ({ headers, then }) => {
    const { port } = await start(async () => ({ status: 200, headers, body: "" }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 2; i += 1) {
      const response = await call(port, { agent, method: "HEAD" });
      expect([response.headers["content-length"], await text(response)]).toEqual([then, ""]);
    }
    agent.destroy();
  });

  it("puts no refusal into the middle of an answer", async () => {
    const { promise: may, resolve: goOn } = Promise.withResolvers<void>();
    const { port } = await start(async () => {
      await may;
      return fine;
    });
    expect(await raw(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\nhello\r\n\r\n").catch(() => "")).toBe("");
    goOn();
  });

  it.each([
    { address: "::ffff:10.0.0.1", then: "10.0.0.1" },
    { address: "fd00::ffff:1", then: "fd00::ffff:1" },
    { address: undefined, then: "" },
  ])("knows $address as $then", ({ address, then }) => {
    expect(plainAddress(address)).toBe(then);
  });

  it("lets answers under way go out when it stops, on connections that then close", async () => {
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
    const { promise: may, resolve: goOn } = Promise.withResolvers<void>();
    const listener = await start(async () => {
      arrived();
      await may;
      return fine;
    });
    const agent = new Agent({ keepAlive: true });
    const response = call(listener.port, { agent });
    await asked;
    const stopped = listener[Symbol.asyncDispose]();
    goOn();
    expect((await response).headers.connection).toBe("close");
    expect(await text(await response)).toBe('{"a":1}');
    await stopped;
    agent.destroy();
    await expect(call(listener.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("ends the wait of those that would wait on when it stops", async () => {
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
    const listener = await start(
      ({ signal }) => {
        arrived();
        return new Promise((resolve) => {
          signal.addEventListener("abort", () =>
            resolve({ ...fine, status: signal.reason.code === "SHUTTING_DOWN" ? 503 : 500 }),
          );
        });
      },
      { drainMs: 1 },
    );
    const response = call(listener.port);
    await asked;
    await listener[Symbol.asyncDispose]();
    expect((await response).statusCode).toBe(503);
  });

  it("ends kept connections by one more answer when it stops, since a request may be on its way", async () => {
    const listener = await start(async () => fine, { lastAnswersMs: 60_000 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async () => {
      const { headers, socket } = await call(listener.port, { agent }).then((response) => response.resume());
      return [headers.connection, socket.localPort];
    };
    const [, port] = await ask();
    const stopped = listener[Symbol.asyncDispose]();
    for (let turns = 0; turns < 100; turns += 1) await setImmediate(); // whatever it does at once is done
    expect(await ask()).toEqual(["close", port]);
    await stopped;
    agent.destroy();
  });

  it("does not wait for clients that ask no more", async () => {
    const listener = await start(async () => fine, { lastAnswersMs: 10 });
    const agent = new Agent({ keepAlive: true });
    const { socket } = await call(listener.port, { agent }).then((response) => response.resume());
    await listener[Symbol.asyncDispose]();
    await expect.poll(() => socket.destroyed).toBe(true);
    agent.destroy();
  });
});

describe("requests that do not wait for answers", () => {
  const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

  it.each([
    { when: "a tunnel follows", bytes: "CONNECT example.org:80 HTTP/1.1\r\nHost: x\r\n\r\n" },
    { when: "no HTTP follows", bytes: "hello\r\n\r\n" },
    { when: "the client leaves", bytes: "" },
  ])("get no answer of another's, and all end when $when", async ({ bytes }) => {
    const ended: string[] = [];
    const { port } = await start(async ({ signal, target }) => {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
        if (bytes === "" && target === "/last") client.destroy();
      });
      ended.push(signal.reason.code);
      return fine;
    });
    const client = connect(port, "127.0.0.1");
    client.write(`${get}${get}${get.replace("/", "/last")}${bytes}`);
    expect(await text(client).catch(() => "")).toBe("");
    await expect.poll(() => ended).toEqual(["CANCELLED", "CANCELLED", "CANCELLED"]);
  });

  it("end nothing but their connection when a client asks for a tunnel and breaks off", async () => {
    const { port } = await start(async () => fine);
    for (let i = 0; i < 50; i += 1) {
      const client = connect(port, "127.0.0.1").on("error", () => {});
      client.write(`${i % 2 === 0 ? "" : get}CONNECT x:80 HTTP/1.1\r\n\r\n${"z".repeat(100_000)}`);
      client.once(i % 4 === 0 ? "connect" : "data", () => client.resetAndDestroy());
      await new Promise((resolve) => client.once("close", resolve));
    }
    expect((await call(port)).statusCode).toBe(200);
  });

  it("are read no faster than they are answered, and all answered in their order", async () => {
    const { promise: may, resolve: goOn } = Promise.withResolvers<void>();
    const asked: string[] = [];
    const { port } = await start(async ({ target }) => {
      asked.push(target);
      if (target !== "/other") await may;
      return { ...fine, body: target };
    });
    const client = connect(port, "127.0.0.1");
    const padding = "x".repeat(4000); // sixteen of them in a read
    for (let i = 0; i < 500; i += 1) client.write(`GET /${i} HTTP/1.1\r\nHost: x\r\nX: ${padding}\r\n\r\n`);
    client.write("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await expect.poll(() => asked.length).toBeGreaterThanOrEqual(16);
    for (let i = 0; i < 20; i += 1) await text(await call(port, { path: "/other", agent: false }));
    expect(asked.filter((target) => target !== "/other")).toHaveLength(16);
    goOn();
    const bodies = [...(await text(client)).matchAll(/\r\n\r\n(\/last|\/\d+)/g)].map(([, body]) => body);
    expect(bodies).toEqual([...Array.from({ length: 500 }, (_, i) => `/${i}`), "/last"]);
  });

  it("cost a client its connection when they come in thousands", async () => {
    let asked = 0;
    const { port } = await start(async () => {
      asked += 1;
      return fine;
    });
    await raw(port, "GET / HTTP/1.1\r\n\r\n".repeat(20_000)).catch(() => "");
    expect(asked).toBeLessThan(1000);
    expect((await call(port)).statusCode).toBe(200);
  });
});
