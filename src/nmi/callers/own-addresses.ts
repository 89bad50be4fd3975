import { networkInterfaces } from "node:os";
import { type Clock, realClock } from "../../base/clock.ts";

/** Interfaces come and go with pods; reading them takes too long to do it for each request. */
const GOOD_FOR_MS = 10_000;

/** The addresses of the machine's interfaces, read anew every ten seconds. */
export function ownAddresses(
  clock: Clock = realClock,
  read: typeof networkInterfaces = networkInterfaces,
): () => ReadonlySet<string> {
  let addresses: ReadonlySet<string> = new Set();
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonic() - readAt >= GOOD_FOR_MS) {
      readAt = clock.monotonic();
      addresses = new Set(
        Object.values(read())
          .flatMap((list) => list ?? [])
          .map(({ address }) => address),
      );
    }
    return addresses;
  };
}
