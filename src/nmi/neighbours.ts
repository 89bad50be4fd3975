import { readFile } from "node:fs/promises";

/** The kernel's table of who is next to the node at which IPv4 address. */
const TABLE = "/proc/net/arp";
/** In the flags of a line: the hardware address is known. */
const KNOWN = 0x2;

/** Who is behind an address of a pod, as the kernel of the node sees it. */
export type Link = {
  /** Hardware addresses and devices as one word, which differs for two pods; empty where the kernel knows none. */
  readonly word: string;
  /** Whether the kernel knows them at this moment. */
  readonly isKnown: boolean;
};

/**
 * Finds an address in the kernel's table, whose lines are `10.244.0.2 0x1 0x2 3a:7e:… * veth1`: address, type, flags,
 * hardware address, mask, device. An address may stand there once for each device.
 */
export function linkIn(table: string, address: string): Link {
  const found: string[] = [];
  let isKnown = true;
  for (let at = table.indexOf(`\n${address} `); at !== -1; at = table.indexOf(`\n${address} `, at + 1)) {
    const [, , flags, hardware, , device] =
      table
        .slice(at + 1, at + 200)
        .split("\n", 1)[0]
        ?.split(/\s+/) ?? [];
    isKnown &&= (Number(flags) & KNOWN) !== 0;
    found.push(`${hardware} ${device}`);
  }
  return { word: found.toSorted().join(), isKnown };
}

/** Who is next to the node now. Where there is no such table, nobody is known. */
export function readNeighbours(): Promise<string> {
  return readFile(TABLE, "utf8").catch(() => "");
}

/**
 * Looks addresses up. A look begins after it is asked for, so that whoever could reach us by then is in what it sees: no
 * connection comes about before the kernel knows where to send its side of it. Those who ask meanwhile share the next.
 */
export function neighbours(read = readNeighbours): (address: string) => Promise<Link> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<string> | undefined;
  return async (address) => {
    next ??= underWay.then(() => {
      next = undefined;
      const reading = read();
      underWay = reading;
      return reading;
    });
    return linkIn(await next, address);
  };
}
