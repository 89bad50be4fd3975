import { spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { Fault } from "../../base/fault.ts";
import { type Endpoint, passOn } from "../node/forwarder.ts";
import type { Namespace } from "./namespace.ts";

/** An address in a namespace whose connections this process takes. Disposing of it ends them. */
export type Door = AsyncDisposable & { readonly at: Endpoint };

export type DoorOptions = {
  readonly namespace: Namespace;
  /** Port 0 takes a free one. */
  readonly at: Endpoint;
  /** Where a caller's connection leads; nothing for one that is not let in. */
  readonly to: (caller: string) => Endpoint | undefined;
};

// A socket belongs to the network that it was made in, whoever has it: Node cannot enter a namespace, but a Node that was
// started there can listen and hand over the socket.
const LISTEN = `
const [host, port] = process.argv.slice(1);
const server = require("node:net").createServer();
server.once("error", ({ message }) => process.stderr.write(message, () => process.exit(1)));
server.listen({ host, port: Number(port) }, () => process.send(server.address().port, server));
`;

/** Listens in a namespace and passes connections on, bytes unread. @throws Fault PLATFORM_UNSUPPORTED */
export async function openDoor({ namespace, at, to }: DoorOptions): Promise<Door> {
  const { socket, port } = await listenIn(namespace, at);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) => {
    const target = to(inner.remoteAddress ?? "");
    if (target === undefined) inner.resetAndDestroy();
    else passOn(inner, target, open);
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    at: { host: at.host, port },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.resetAndDestroy();
      }),
  };
}

async function listenIn(namespace: Namespace, { host, port }: Endpoint): Promise<{ socket: Server; port: number }> {
  const node = realpathSync("/proc/self/exe");
  const { file, args } = namespace.enter({ file: node, args: ["-e", LISTEN, host, `${port}`] });
  const helper = spawn(file, args, { cwd: "/", env: {}, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const said = text(helper.stderr as NonNullable<typeof helper.stderr>);
  const answer = once(helper, "message") as Promise<[number, Server]>;
  const ended = once(helper, "close").then(() => undefined);
  const got = await Promise.race([answer, ended]);
  if (got === undefined) {
    throw new Fault("PLATFORM_UNSUPPORTED", `nobody can listen on ${host}:${port} in a namespace: ${await said}`);
  }
  helper.kill("SIGKILL"); // what it made is ours now
  await ended;
  const [found, socket] = got;
  return { socket, port: found };
}
