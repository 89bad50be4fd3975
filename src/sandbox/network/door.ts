import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { Fault } from "../../base/fault.ts";
import type { Endpoint } from "../node/forwarder.ts";
import type { Served } from "./cluster-network.ts";
import type { Namespace } from "./namespace.ts";

/** A socket that listens in a namespace, held by this process. */
export type Listening = { readonly at: Endpoint; readonly socket: Server };

// A socket belongs to the network that it was made in, whoever has it: Node cannot enter a namespace, but a Node that was
// started there can listen and hand over the sockets. It ends with the pipe of its standard input: sockets that are still to be
// handed over when this process is killed would keep it for ever. "node -e" has Node's own modules by their names.
const LISTEN = `
const { argv, exit, stderr, stdin } = globalThis.process;
stdin.resume().once("end", () => exit());
JSON.parse(argv[1]).forEach((at, index) => {
  const server = net.createServer();
  server.once("error", ({ message }) => stderr.write(message, () => exit(1)));
  server.listen(at, () => globalThis.process.send({ index, port: server.address().port }, server));
});`;

type Asked = readonly [Endpoint, ...Endpoint[]];
type Got = [Listening, ...Listening[]];

/** Listens at addresses of a namespace, in their order; port 0 takes a free one. @throws Fault PLATFORM_UNSUPPORTED */
export async function listenIn(namespace: Namespace, asked: Asked): Promise<Got> {
  const node = realpathSync("/proc/self/exe");
  const { file, args } = namespace.enter({ file: node, args: ["-e", LISTEN, JSON.stringify(asked)] });
  const helper = spawn(file, args, { cwd: "/", env: {}, stdio: ["pipe", "ignore", "pipe", "ipc"] });
  const said = text(helper.stderr as NonNullable<typeof helper.stderr>);
  const ended = once(helper, "close").then(() => undefined);
  const got = await Promise.race([handedOver(helper, asked), ended]);
  if (got === undefined) {
    throw new Fault("PLATFORM_UNSUPPORTED", `nobody can listen in a network of the sandbox: ${await said}`);
  }
  helper.kill("SIGKILL"); // what it made is ours now
  await ended;
  return got;
}

function handedOver(helper: ChildProcess, asked: Asked): Promise<Got> {
  return new Promise((resolve) => {
    const got = new Map<number, Listening>();
    helper.on("message", (message, socket) => {
      const { index, port } = message as { readonly index: number; readonly port: number };
      got.set(index, { at: { host: asked[index]?.host ?? "", port }, socket: socket as Server });
      if (got.size === asked.length) resolve(asked.map((_, at) => got.get(at)) as Got);
    });
  });
}

/** Hands connections to whoever serves their caller, as if they had come in there; disposing of it ends them. */
export function openDoor({ socket }: Listening, to: (caller: string) => Served | undefined): AsyncDisposable {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    open.add(caller);
    caller.once("close", () => open.delete(caller));
    const served = to(caller.remoteAddress ?? "");
    if (served === undefined) caller.resetAndDestroy();
    else served.take(caller);
  });
  server.listen(socket);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const one of open) one.resetAndDestroy();
      }),
  };
}
