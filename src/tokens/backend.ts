import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Token } from "../api/token-answer.ts";
import { Fault } from "../base/fault.ts";

/** SDKs treat a token with less than this left as expired and would ask again at once. */
export const LEAST_LIFE_MS = 5 * 60_000;

/** What a token is wanted for. */
export type TokenRequest = {
  /** The UID of the pod that asks: pods take turns at the service. */
  readonly podUid: string;
  readonly identity: Identity;
  readonly resource: string;
  /** The identity came to the machine only minutes ago, so that Azure may not know it everywhere yet. */
  readonly isJustAssigned: boolean;
};

/** A service that gives tokens for one type of identity. */
export type Backend = {
  /** Equal texts mean that one token serves both requests; it starts with what `identityKey` gives. */
  key(request: TokenRequest): string;
  /** The part of every key that belongs to the identity. */
  identityKey(identity: Identity): string;
  /**
   * The version of what tokens of the request rest on beside the identity, read for each request; tokens that were got
   * with another version do not count. Absent where they rest on nothing else. @throws Fault when there is nothing to rest on
   */
  version?(request: TokenRequest, signal: AbortSignal): Promise<string>;
  /** A token straight from the service, asked for again within a caller's patience. */
  fetch(request: TokenRequest, signal: AbortSignal): Promise<Token>;
};

export type Backends = Readonly<Record<number, Backend>>;

/** The back end for an identity's type. @throws Fault IDENTITY_TYPE_UNSUPPORTED */
export function backendFor(backends: Backends, identity: Identity): Backend {
  const backend = backends[identity.type];
  if (backend !== undefined) return backend;
  const served = Object.keys(backends).join(", ");
  throw new Fault(
    "IDENTITY_TYPE_UNSUPPORTED",
    `unsupported identity type ${identity.type}: AzureIdentity ${objectKey(identity.meta)} needs spec.type ${served}`,
  );
}
