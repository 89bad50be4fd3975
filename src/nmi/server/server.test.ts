import { Agent, request as send } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, fine, raw, start } from "../../../test/support/nmi/server-alone.ts";
import type { Connection, NmiRequest } from "./message.ts";
import { plainAddress } from "./peers.ts";

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
