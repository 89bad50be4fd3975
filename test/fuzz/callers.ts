/** Who asks: what a plain token request from there is answered with, and whose token may come. */
export type Caller = {
  readonly name: string;
  readonly address: string;
  /** The client ID of its identity. */
  readonly clientId?: string;
  /** May get the token of whatever identity it names: it speaks for pods, or is passed on as it is. */
  readonly isTrusted?: boolean;
  readonly status: number;
  /** How often it asks: who is not known waits long, and so does who is passed on. */
  readonly share: number;
};

export const callers = [
  { name: "web", address: "127.77.0.2", clientId: "client-of-web", status: 200, share: 150 },
  { name: "shop", address: "127.77.0.3", clientId: "client-of-shop", status: 200, share: 150 },
  { name: "bare", address: "127.77.0.4", status: 404, share: 100 },
  // Has an exception: the metadata service says that nobody was named.
  { name: "excepted", address: "127.77.0.5", isTrusted: true, status: 400, share: 2 },
  // A process of the node, which has a way of its own to tokens and no other.
  { name: "host", address: "127.0.0.1", isTrusted: true, status: 503, share: 4 },
  { name: "nobody", address: "127.77.0.6", status: 503, share: 1 },
] as const satisfies readonly Caller[];

/** A pod has a limit an address on what is passed on for it: with as many as these a run does not reach it. */
const MORE_ADDRESSES = 200;

/** All addresses of a caller, the first one its own; the node has one. */
export function addressesOf({ name, address }: Pick<Caller, "name" | "address">): readonly string[] {
  if (name === "host") return [address];
  const [, , , last] = address.split(".");
  return [address, ...Array.from({ length: MORE_ADDRESSES }, (_, i) => `127.77.${last}.${i + 1}`)];
}

export const clientIds = callers.flatMap((caller) => ("clientId" in caller ? caller.clientId : []));
