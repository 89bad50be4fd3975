import { type IncomingMessage, request as send } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import type { Listener } from "../../../src/base/listener.ts";
import type { NmiRequest, NmiResponse } from "../../../src/nmi/server/message.ts";
import { serve } from "../../../src/nmi/server/server.ts";

export const fine: NmiResponse = { status: 200, headers: { "Content-Type": "application/json" }, body: '{"a":1}' };

/** NMI's server before nothing but the answers of the test, with which it ends. */
export async function start(
  answer: (request: NmiRequest) => NmiResponse | Promise<NmiResponse>,
  times: { readonly drainMs?: number; readonly lastAnswersMs?: number } = {},
): Promise<Listener> {
  const listener = await serve({ host: "127.0.0.1", port: 0, answer, ...times });
  onTestFinished(() => listener[Symbol.asyncDispose]());
  return listener;
}

/** One request, whose answer is yet to be read. @throws what its connection broke off with */
export function call(
  port: number,
  over: Parameters<typeof send>[1] & object = {},
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    send({ host: "127.0.0.1", port, path: "/metadata/instance", ...over }, resolve)
      .once("error", reject)
      .end(body);
  });
}

/** What the server sends in answer to raw bytes, until it closes the connection. */
export async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  return await text(socket);
}
