import { createServer } from "node:http";
import { answering } from "./answering.ts";

// An instance metadata service. It writes the asker's address into each answer, in places that NMI passes on to nobody:
// a pod that sees one has reached it directly.
const askers = new Map<string, number>();
const server = createServer((request, response) => {
  const asker = request.socket.remoteAddress ?? "";
  askers.set(asker, (askers.get(asker) ?? 0) + 1);
  const { pathname, searchParams } = new URL(request.url ?? "", "http://imds");
  const now = Math.floor(Date.now() / 1000);
  const token = {
    access_token: `token-of-${searchParams.get("client_id") ?? "machine"}`,
    expires_in: "86400",
    expires_on: String(now + 86_400),
    not_before: String(now),
    resource: searchParams.get("resource"),
    token_type: "Bearer",
    asker,
  };
  const body = JSON.stringify(pathname.startsWith("/metadata/identity/oauth2/token") ? token : { asker });
  response.writeHead(200, { "Content-Type": "application/json", "X-Asker": asker }).end(body);
});
await new Promise<void>((resolve) => server.listen(80, process.argv[2], resolve));

answering(() => Object.fromEntries(askers));
