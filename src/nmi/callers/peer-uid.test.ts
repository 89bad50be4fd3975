import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Connection } from "../server/message.ts";
import { uidIn, uidOfPeer } from "./peer-uid.ts";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                     \n";
const rest = "00000000:00000000 00:00000000 00000000";
const client = "0100007F:A1B2 0100007F:0A13";
const table = [
  `   0: 0100007F:0A13 00000000:0000 0A ${rest}     0        0 1 1 0 100 0 0 10 0`,
  `   1: 0100007F:0A13 0100007F:A1B2 01 ${rest}     0        0 2 1 0 20 4 30 10 -1`, // our own end
  `   2: ${client} 01 ${rest}  1000        0 3 1 0 20 4 30 10 -1`,
];
const connection: Connection = {
  remoteAddress: "127.0.0.1",
  ends: { remotePort: 0xa1b2, localAddress: "127.0.0.1", localPort: 2579 },
};
const made = (...lines: readonly string[]) => head + lines.map((line) => `${line}\n`).join("");

describe("the user at the other end", () => {
  it("is found by both ends, never by ours", () => {
    expect(uidIn(made(...table), connection)).toBe(1000);
    expect(uidIn(made(...table.slice(0, 2)), connection)).toBeUndefined();
  });

  it("is found for an IPv4 connection of an IPv6 socket", () => {
    const mapped = "0000000000000000FFFF0000";
    const line = `   2: ${mapped}0100007F:A1B2 ${mapped}0100007F:0A13 01 ${rest}  1001        0 3 1 0 20 4 30 10 -1`;
    expect(uidIn(made(line), connection, mapped)).toBe(1001);
  });

  it.each([
    { what: "another server at the same port", line: `   2: 0100007F:A1B2 0200007F:0A13 01 ${rest}  0 ` },
    { what: "another client", line: `   2: 0200007F:A1B2 0100007F:0A13 01 ${rest}  0 ` },
    { what: "a connection that its client has closed", line: `   2: ${client} 05 ${rest}     0 ` },
    { what: "a line that is cut off", line: `   2: ${client} 01 ${rest}` },
  ])("is not taken from $what", ({ line }) => {
    expect(uidIn(made(line), connection)).toBeUndefined();
  });

  it.runIf(process.platform === "linux").each(["127.0.0.1", "::ffff:127.0.0.1"])(
    "is our own for a connection of ours to %s",
    async (host) => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const mine = connect({ host, port });
      const [theirs] = (await once(server, "connection")) as [Socket];
      const { remotePort = 0, localAddress = "", localPort = 0 } = theirs;
      const seen = { remoteAddress: theirs.remoteAddress ?? "", ends: { remotePort, localAddress, localPort } };
      expect(await uidOfPeer(seen)).toBe(process.getuid?.());
      mine.destroy();
      theirs.destroy();
      server.close();
    },
  );
});
