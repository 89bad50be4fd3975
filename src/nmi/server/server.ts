import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "../../base/fault.ts";
import { type Listener, listen } from "../../base/listener.ts";
import { type ConnectionLimit, tooManyConnections } from "../limits/connections.ts";
import { errorAnswer } from "../routes/error-answer.ts";
import { lastAnswers } from "./last-answers.ts";
import type { NmiRequest, NmiResponse } from "./message.ts";
import { type Entered, Peers } from "./peers.ts";
import { together } from "./together.ts";

/** Clients pool connections for longer than Node's 5 s, and would find them closed. */
const KEEP_ALIVE_MS = 120_000;
const REQUEST_TIMEOUT_MS = 30_000;
const DRAIN_MS = 2000;
const LINGER_MS = 1000;
const MAX_BODY_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

const badRequest = refusal("not HTTP as the metadata service takes it");
const bodyTooLarge = { ...refusal("the body is too large"), isLast: true };

function refusal(why: string): NmiResponse {
  return errorAnswer(new Fault("REQUEST_INVALID", `Invalid request: ${why}`), { setRetryAfterHeader: false });
}

export type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly answer: (request: NmiRequest) => NmiResponse | Promise<NmiResponse>;
  /** How long requests under way may go on once NMI stops; those that still wait then get 503. */
  readonly drainMs?: number;
  /** How long kept connections may stay, to be ended by an answer, before all that is drained. */
  readonly lastAnswersMs?: number;
  readonly connections?: ConnectionLimit;
};

/** The only place that knows HTTP as Node has it. @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE */
export async function serve(options: ServerOptions): Promise<Listener> {
  const { host, port, answer, drainMs = DRAIN_MS, lastAnswersMs = 0, connections } = options;
  const peers = new Peers();
  let isStopping = false;

  const reply = (response: ServerResponse, result: NmiResponse): void => {
    try {
      send(response, isStopping ? { ...result, isLast: true } : result);
    } catch {
      response.destroy(); // a defect costs one request, and not all pods their NMI
    }
  };
  const soon = together();
  const answerTo = (message: IncomingMessage, peer: Entered, body: Uint8Array) =>
    connections?.isTooMany(message.socket) ? tooManyConnections : answer(requestOf(message, peer, body));
  /** In one turn where nothing is to be waited for, since promises would cost more than all the rest. */
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    const peer = peers.enter(message, response);
    if (peer === undefined) return;
    if (peer.turn !== undefined || !hasNoBody(message)) return void handleLater(message, response, peer);
    try {
      const result = answerTo(message, peer, NOTHING);
      if (result instanceof Promise) result.then((later) => reply(response, later)).catch(() => response.destroy());
      else soon(() => reply(response, result));
    } catch {
      response.destroy();
    }
  };
  const handleLater = async (message: IncomingMessage, response: ServerResponse, peer: Entered): Promise<void> => {
    await peer.turn;
    try {
      const body = await readBody(message);
      reply(response, body === undefined ? bodyTooLarge : await answerTo(message, peer, body));
    } catch {
      response.destroy(); // the client broke off in the middle of its body
    }
  };

  const listener = await listen(handle, {
    host,
    port,
    flag: "nmi-port",
    isShared: true, // two run while one takes over from the other
    server: { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS, requireHostHeader: false },
  });
  const last = lastAnswers(listener.server);
  if (connections !== undefined) listener.server.on("connection", connections.take);
  // Before or in the middle of an answer another one would be taken for it, or for a part of it.
  const turnAway = (socket: Duplex) => soon(() => (peers.isAnswered(socket) ? socket.destroy() : refuse(socket)));
  listener.server.on("checkExpectation", (message: IncomingMessage, response: ServerResponse) => {
    if (peers.enter(message, response) !== undefined) send(response, { ...badRequest, isLast: true });
  });
  listener.server.on("connect", (_request, socket) => {
    socket.on("error", () => socket.destroy()); // Node has let go of it: nobody else hears of a client that breaks off
    turnAway(socket);
  });
  listener.server.on("clientError", (reason: NodeJS.ErrnoException, socket) => {
    if (reason.code === "ECONNRESET") socket.destroy();
    else turnAway(socket);
  });
  return {
    ...listener,
    [Symbol.asyncDispose]: async () => {
      isStopping = true;
      await last.ended(lastAnswersMs);
      const timer = setTimeout(() => {
        peers.stop(new Fault("SHUTTING_DOWN", "NMI is stopping: ask again"));
      }, drainMs);
      await listener[Symbol.asyncDispose]();
      clearTimeout(timer);
    },
  };
}

function requestOf(message: IncomingMessage, { connection, signal }: Entered, body: Uint8Array): NmiRequest {
  const { method = "", url = "", headers } = message;
  return { method, target: url, headers, body, connection, signal };
}

/** GET and HEAD have none: what they send is refused by its headers. */
function hasNoBody({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/**
 * The body; undefined when it is too large, which is read to its end all the same: a client that still sends would not
 * see the answer.
 */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  if (hasNoBody(message)) return NOTHING;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks, size);
}

function send(response: ServerResponse, { status, headers, body, isLast = false }: NmiResponse): void {
  if (response.destroyed) return;
  const connection = isLast ? { Connection: "close" } : {};
  const size = Buffer.byteLength(body);
  // An empty answer to HEAD tells nothing of how long one to GET is, unless its headers do.
  const length = response.req.method === "HEAD" && size === 0 ? {} : { "Content-Length": size };
  response.writeHead(status, { ...headers, ...connection, ...length });
  // A body that is one byte a character goes out without being looked at for others.
  if (size === body.length) response.end(body, "latin1");
  else response.end(body);
}

/** Answers what is not even a request. */
function refuse(socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const { headers, body } = badRequest;
  const head = Object.entries({ ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 400 Bad Request\r\n${lines}\r\n${body}`);
  // Time to read the answer; whoever holds on to the connection then would hold it for ever.
  if (socket instanceof Socket) socket.setTimeout(LINGER_MS, () => socket.destroy());
}
