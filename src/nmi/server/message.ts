/** One connection of a client, the same object for all its requests. */
export type Connection = {
  readonly remoteAddress: string;
  /** What tells it from all other connections of the client's. */
  readonly ends?: { readonly remotePort: number; readonly localAddress: string; readonly localPort: number };
};

export type NmiRequest = {
  readonly method: string;
  /** The request target as it was sent. */
  readonly target: string;
  /** Names in lower case; repeated values joined. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Empty for GET and HEAD, which have none. */
  readonly body: Uint8Array;
  readonly connection: Connection;
  /** Aborted when the client goes away or NMI stops. */
  readonly signal: AbortSignal;
};

export type NmiResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** The connection must not carry another request. */
  readonly isLast?: boolean;
};
