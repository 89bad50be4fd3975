import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { isListening, listensIn } from "./listening.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

it.each(["127.0.0.1", "::1"])("a port is known to be listened at while somebody does, at %s", async (host) => {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(isListening(port)).toBe(true);
  server.close();
  await once(server, "close");
  expect(isListening(port)).toBe(false);
});

it("a port is taken to be listened at where that cannot be read, but for IPv6, which a node may lack", async () => {
  const folder = await mkdtemp(join(tmpdir(), "proc-net-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(isListening(2579, folder)).toBe(true);
  await writeFile(join(folder, "tcp"), head);
  expect(isListening(2579, folder)).toBe(false);
});

it.each([
  { what: "a server", line: "   0: 0100007F:0A13 00000000:0000 0A 00000000:00000000", is: true },
  { what: "an end of a connection", line: "   0: 0100007F:0A13 0100007F:A1B2 01 00000000:00000000", is: false },
  { what: "a server's other end", line: "   0: 0100007F:0A14 00000000:0A13 0A 00000000:00000000", is: false },
  { what: "a line that is cut off", line: "   0: 0100007F:0A13 00000000:0000", is: false },
])("$what at it: $is", ({ line, is }) => {
  expect(listensIn(`${head}${line}\n`, 2579)).toBe(is);
});
