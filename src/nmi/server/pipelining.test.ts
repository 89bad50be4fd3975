import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, fine, raw, start } from "../../../test/support/nmi/server-alone.ts";

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

  it.each([
    { what: "no HTTP", bytes: "hello\r\n\r\n" },
    { what: "a body of no known length", bytes: "resource=x" },
    { what: "a tunnel", bytes: "CONNECT example.org:80 HTTP/1.1\r\nHost: x\r\n\r\n" },
  ])("are answered where $what follows in the same packet", async ({ bytes }) => {
    const { port } = await start(() => fine);
    expect(await raw(port, `${get}${bytes}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\{"a":1\}$/s);
  });

  it("are all decided before any answer leaves, which is cheaper than one after another", async () => {
    const sent: number[] = [];
    const sockets: Socket[] = [];
    const greet = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
    subscribe("http.server.request.start", greet);
    onTestFinished(() => void unsubscribe("http.server.request.start", greet));
    const { port } = await start(() => {
      sent.push(sockets.at(-1)?.bytesWritten ?? Number.NaN);
      return fine;
    });
    const answers = await raw(port, `${get}${get}${get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}`);
    expect([sent, answers.match(/200 OK/g)]).toEqual([[0, 0, 0], Array(3).fill("200 OK")]);
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

  it("are not read on when one is answered of many that came in one read", async () => {
    const held: (() => void)[] = [];
    let isHeld = true;
    const { port } = await start(async ({ target }) => {
      if (isHeld) await new Promise<void>((go) => held.push(go));
      return { ...fine, body: target };
    });
    const client = connect(port, "127.0.0.1");
    const bodies = text(client);
    client.write(Array.from({ length: 40 }, (_, i) => get.replace("/", `/${i}`)).join(""));
    await expect.poll(() => held.length).toBe(16);
    const padding = "x".repeat(1000); // more of them than may come, in several reads
    for (let i = 40; i < 640; i += 1) client.write(`GET /${i} HTTP/1.1\r\nHost: x\r\nX: ${padding}\r\n\r\n`);
    client.write("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (let i = 0; i < 5; i += 1) {
      held[i]?.();
      await expect.poll(() => held.length).toBe(17 + i);
    }
    isHeld = false;
    for (const go of held) go();
    const answered = [...(await bodies).matchAll(/\r\n\r\n(\/last|\/\d+)/g)].map(([, body]) => body);
    expect(answered).toEqual([...Array.from({ length: 640 }, (_, i) => `/${i}`), "/last"]);
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
