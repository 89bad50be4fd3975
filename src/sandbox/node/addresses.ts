import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { Fault } from "../../base/fault.ts";

// 127.64.0.0/10 holds one range of 65,536 addresses for each second part from 64 to 127. 127.0.0.0/16 is never ours:
// resolvers and other local services live there.
const FIRST_RANGE = 64;
const RANGES = 64;

/** Loopback addresses that belong to one sandbox; disposing gives the whole range back. */
export type AddressPool = AsyncDisposable & {
  /** An address that nobody has; the ones given back last come last. @throws Fault ADDRESS_UNAVAILABLE */
  readonly allocate: () => string;
  /** Gives an address back. */
  readonly release: (address: string) => void;
};

/**
 * Takes one /16 of 127.64.0.0/10 that no other sandbox of this machine (or network namespace) uses.
 * @throws Fault ADDRESS_UNAVAILABLE
 */
export async function takeAddresses(random: (max: number) => number = (max) => randomInt(max)): Promise<AddressPool> {
  const start = random(RANGES);
  for (let i = 0; i < RANGES; i += 1) {
    const range = FIRST_RANGE + ((start + i) % RANGES);
    const claim = await claimRange(range);
    if (claim !== undefined) return createPool(range, claim);
  }
  const message = `all ${RANGES} loopback ranges for sandboxes are in use: stop a sandbox that you do not need`;
  throw new Fault("ADDRESS_UNAVAILABLE", message);
}

/**
 * The claim is a socket in the abstract namespace: like loopback addresses it is one a network namespace, and the
 * kernel takes it away with its process, however that ends.
 */
function claimRange(range: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (reason: NodeJS.ErrnoException) =>
      reason.code === "EADDRINUSE" ? resolve(undefined) : reject(reason),
    );
    server.listen({ path: `\0aad-pod-identity-sandbox-127.${range}` }, () => resolve(server.unref()));
  });
}

function createPool(range: number, claim: Server): AddressPool {
  const taken = new Set<string>();
  let last = 0;
  return {
    allocate: () => {
      for (let i = 0; i < 0xffff; i += 1) {
        last = (last + 1) & 0xffff;
        const [third, fourth] = [last >> 8, last & 0xff];
        const address = `127.${range}.${third}.${fourth}`;
        // The first and last of a /24 look like a network and its broadcast address to people.
        if (fourth === 0 || fourth === 0xff || taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Fault("ADDRESS_UNAVAILABLE", `all addresses of 127.${range}.0.0/16 are in use: delete pods`);
    },
    release: (address) => void taken.delete(address),
    [Symbol.asyncDispose]: () => new Promise((resolve) => claim.close(() => resolve())),
  };
}
