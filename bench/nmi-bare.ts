import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// The least that a server of Node can do: the same bytes to everybody. node nmi-bare.ts <file with the body>

const body = readFileSync(process.argv[2] ?? "");
const headers = { "Content-Type": "application/json", "Content-Length": body.length };
createServer({ keepAliveTimeout: 120_000 }, (_request, response) => {
  response.writeHead(200, headers).end(body);
}).listen(2579, "127.0.0.1");
