import { expect, it } from "vitest";
import { hasListener } from "./sockets.ts";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0A13 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 53012 1 0 100 0 0 10 0
   1: 0400F00A:0050 0100F00A:C350 01 00000000:00000000 00:00000000 00000000     0        0 53013 1 0 100 0 0 10 0
`;

it.each([
  { at: { host: "127.0.0.1", port: 2579 }, is: true, why: "somebody listens" },
  { at: { host: "127.0.0.1", port: 2580 }, is: false, why: "nobody has the port" },
  { at: { host: "127.0.0.2", port: 2579 }, is: false, why: "it is another address" },
  { at: { host: "10.240.0.4", port: 80 }, is: false, why: "that is a connection" },
])("tells of $at.host:$at.port that $why", ({ at, is }) => {
  expect(hasListener(TABLE, at)).toBe(is);
});
