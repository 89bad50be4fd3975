import type { Endpoint } from "../node/forwarder.ts";

const LISTENING = "0A";

/** Whether somebody listens at an IPv4 address and port, by a network's /proc/net/tcp (addresses in the order of x86 and ARM). */
export function hasListener(table: string, { host, port }: Endpoint): boolean {
  const local = `${hex(host.split(".").map(Number).reverse())}:${hex([port >> 8, port & 0xff])}`;
  return table.split("\n").some((line) => {
    const [, address, , state] = line.trim().split(/\s+/);
    return address === local && state === LISTENING;
  });
}

function hex(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
