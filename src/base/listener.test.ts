import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { Fault } from "./fault.ts";
import { listen } from "./listener.ts";

const options = { host: "127.0.0.1", flag: "nmi-port" };

it("serves on a free port that it tells", async () => {
  await using listener = await listen((_, response) => response.end("hello"), { ...options, port: 0 });
  const answer = await fetch(`http://127.0.0.1:${listener.port}`);
  expect(await answer.text()).toBe("hello");
});

it("says which port is taken and which flag chooses another", async () => {
  await using first = await listen(() => {}, { ...options, port: 0 });
  const second = listen(() => {}, { ...options, port: first.port });
  await expect(second).rejects.toThrow(
    `127.0.0.1:${first.port}: another program uses the port; stop it or choose another with --nmi-port`,
  );
  await expect(second).rejects.toSatisfy((reason) => Fault.is(reason, "PORT_IN_USE"));
});

it("says when the machine does not have the address", async () => {
  const elsewhere = listen(() => {}, { host: "192.0.2.1", port: 0, flag: "nmi-port" });
  await expect(elsewhere).rejects.toSatisfy((reason) => Fault.is(reason, "ADDRESS_UNAVAILABLE"));
});

it("answers those who are connected already when it gives way to another, though it has not accepted them yet", async () => {
  const listener = await listen((_, response) => response.end("hello"), { ...options, port: 0, isShared: true });
  const clients = Array.from({ length: 20 }, () => {
    const socket = connect(listener.port, "127.0.0.1"); // the kernel connects it before this returns
    socket.end("GET / HTTP/1.1\r\nHost: nmi\r\nConnection: close\r\n\r\n");
    return socket;
  });
  const closed = listener[Symbol.asyncDispose]();
  const answers = await Promise.all(clients.map(text));
  expect(answers.filter((answer) => !answer.endsWith("hello"))).toEqual([]);
  await closed;
  await expect(once(connect(listener.port, "127.0.0.1"), "connect")).rejects.toThrow("ECONNREFUSED");
});
