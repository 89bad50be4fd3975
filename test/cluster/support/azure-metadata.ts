import { execFileSync } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";

/** 169.254.169.254 as all nodes see it: each is led to the metadata service of its own machine. `ports` is by address of the node. */
export function metadataFront(ports: ReadonlyMap<string, number>): Server {
  return createServer((client) => {
    const port = ports.get(nodeOf(client.remoteAddress ?? "", ports));
    if (port === undefined) return void client.destroy();
    const service = connect(port, "127.0.0.1");
    join(client, service);
  });
}

function join(a: Socket, b: Socket): void {
  a.pipe(b).pipe(a);
  a.on("error", () => b.destroy());
  b.on("error", () => a.destroy());
}

/** NMI speaks with its node's address; a pod that nobody intercepts with its own, which is routed to its node. */
function nodeOf(address: string, ports: ReadonlyMap<string, number>): string {
  if (ports.has(address)) return address;
  const route = execFileSync("ip", ["route", "get", address], { encoding: "utf8" });
  return / via (\S+)/.exec(route)?.[1] ?? "";
}
