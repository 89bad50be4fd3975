// What Node needs to ask the metadata service in a client's stead, and to know TLS, as NMI does for the API server:
// it decides nothing, knows no pods and keeps nothing. A client names its identity itself.

const { Agent, createServer, get } = require("node:http");
require("node:https");

const agent = new Agent({ keepAlive: true });
const metadata = { host: "169.254.169.254", port: 80, agent, headers: { Metadata: "true" } };

createServer((request, response) => {
  const asked = get({ ...metadata, path: request.url }, (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk));
    answer.on("end", () => {
      const body = Buffer.concat(chunks);
      JSON.parse(body.toString());
      const headers = { "Content-Type": "application/json", "Content-Length": body.length };
      response.writeHead(answer.statusCode, headers).end(body);
    });
  });
  asked.on("error", () => response.destroy());
}).listen(2579, "127.0.0.1");
