import { readFile } from "node:fs/promises";
import type { Connection } from "../server/message.ts";

/** How an IPv4 address begins in the table of IPv6, where clients stand that speak IPv4 by an IPv6 socket. */
const MAPPED = "0000000000000000FFFF0000";
const tables = [
  { file: "/proc/net/tcp", prefix: "" },
  { file: "/proc/net/tcp6", prefix: MAPPED },
] as const;

/** The user that a process of this machine runs as, by its connection to us; undefined when the kernel tells none. */
export async function uidOfPeer(connection: Connection): Promise<number | undefined> {
  for (const { file, prefix } of tables) {
    const table = await readFile(file, "utf8").catch(() => "");
    const uid = uidIn(table, connection, prefix);
    if (uid !== undefined) return uid;
  }
  return undefined;
}

/**
 * Finds the client's end of a connection in a table of the kernel's, whose lines begin
 * `0: 0100007F:A1B2 0100007F:0A13 01 00000000:00000000 00:00000000 00000000 1000 `: the line's own end, the other end, the
 * state, and as the fifth after that the user. Only established connections (01) have one: a closed socket counts as root's.
 */
export function uidIn(table: string, { remoteAddress, ends }: Connection, prefix = ""): number | undefined {
  if (ends === undefined) return undefined;
  const client = endOf(remoteAddress, ends.remotePort);
  const own = endOf(ends.localAddress, ends.localPort);
  const begin = table.indexOf(`: ${prefix}${client} ${prefix}${own} 01 `);
  if (begin === -1) return undefined;
  const uid = table.slice(begin, begin + 300).split(/\s+/)[7];
  return /^\d+$/.test(uid ?? "") ? Number(uid) : undefined;
}

/** `127.0.0.1:2579` → `0100007F:0A13`: the address as the number that it is to a little-endian machine. */
function endOf(address: string, port: number): string {
  const bytes = address.split(".").map((part) => hex(Number(part), 2));
  return `${bytes.reverse().join("")}:${hex(port, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, "0");
}
