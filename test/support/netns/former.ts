import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

// Stands in for an NMI of 1.x where there is none: it holds its ports for itself, lays its three rules by the program that is
// named, answers pods by the last but one part of their address, and goes on to answer for a while once its rules are gone.
const LINGER_MS = 1_000;
const [program = "", ...ports] = process.argv.slice(2);
const nat = (line: string) => execFileSync(program, ["-t", "nat", ...line.split(" ")]);

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  if (!request.url?.startsWith("/metadata/identity/oauth2/token")) return void response.writeHead(404).end();
  const at = /\.(\d+)\.\d+$/.exec(request.socket.remoteAddress ?? "")?.[1];
  response.end(JSON.stringify({ access_token: `token-of-client-${at}` }));
});
const others = ports.map((port) => ({
  port: Number(port),
  server: createServer((_, response) => response.writeHead(404).end()),
}));
for (const one of [{ port: 2579, server, host: "127.0.0.1" }, ...others])
  await new Promise<void>((resolve) => one.server.listen({ ...one }, resolve));
nat("-N aad-metadata");
nat("-A aad-metadata ! -s 127.0.0.1 -d 169.254.169.254 -p tcp --dport 80 -j DNAT --to-destination 127.0.0.1:2579");
nat("-A aad-metadata -j RETURN");
nat("-I PREROUTING 1 -j aad-metadata");

process.once("SIGTERM", async () => {
  for (const line of ["-D PREROUTING -j aad-metadata", "-F aad-metadata", "-X aad-metadata"]) nat(line);
  await setTimeout(LINGER_MS);
  process.exit(0);
});
