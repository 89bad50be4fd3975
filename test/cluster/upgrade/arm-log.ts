import { appendFileSync, readFileSync } from "node:fs";
import { createServer, request } from "node:https";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { ArmCall } from "./judge/writers.ts";

// Stands before the emulated Resource Manager and writes down who called, from when until when; to be run in the
// cluster's own network: node arm-log.ts FOLDER PORT FILE, where FOLDER holds tls.crt and tls.key. Ends with its input.
const [, , folder = ".", port = "", file = ""] = process.argv;
const tls = { cert: readFileSync(join(folder, "tls.crt")), key: readFileSync(join(folder, "tls.key")) };
const ARM_PORT = 8443;

const server = createServer(tls, async (asked, response) => {
  const from = Date.now();
  const { method = "", url: path = "", headers } = asked;
  const caller = asked.socket.remoteAddress ?? "";
  const fail = () => response.destroy();
  const options = { port: ARM_PORT, method, path, headers, rejectUnauthorized: false };
  const call = request(options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response).once("finish", () => {
      const line: ArmCall = { from, to: Date.now(), caller, method, path, status: answer.statusCode ?? 0 };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
    });
  });
  call.once("error", fail).end(await buffer(asked).catch(fail));
});
server.listen(Number(port), "0.0.0.0", () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();
