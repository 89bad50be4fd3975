import type { Secret } from "../base/secret.ts";

/** A token as a back end got it; times are seconds since 1970. */
export type Token = {
  readonly accessToken: Secret;
  readonly expiresOn: number;
  readonly notBefore: number;
  readonly resource: string;
  readonly tokenType: string;
  readonly clientId: string;
  /** Tokens of the identity's auxiliary tenants, in the order of its spec. */
  readonly auxiliary?: readonly Token[];
};

/** When the first of a token and its auxiliary ones ends, in seconds since 1970. */
export function endOf({ expiresOn, auxiliary = [] }: Token): number {
  return auxiliary.reduce((end, other) => Math.min(end, other.expiresOn), expiresOn);
}

/**
 * The body of a token answer; a list where the identity has auxiliary tenants, the token of its own tenant first.
 */
export function tokenAnswers(token: Token, nowMs: number): object {
  const { auxiliary } = token;
  return auxiliary === undefined
    ? tokenAnswer(token, nowMs)
    : [token, ...auxiliary].map((one) => tokenAnswer(one, nowMs));
}

/** The body of an answer to a process of the node: the token of the identity's own tenant alone, and the client ID beside it. */
export function hostTokenAnswer(token: Token, nowMs: number): object {
  const { client_id: clientid, ...own } = tokenAnswer(token, nowMs);
  return { token: own, clientid };
}

/**
 * The body of a token answer: the original's keys in its order, all values strings, then `client_id` as IMDS sends
 * it. `expires_in` is what is left at the moment of the answer, which Python's SDK counts from.
 */
export function tokenAnswer(token: Token, nowMs: number): Readonly<Record<string, string>> {
  return {
    access_token: token.accessToken.reveal(),
    refresh_token: "",
    expires_in: String(Math.max(0, token.expiresOn - Math.floor(nowMs / 1000))),
    expires_on: String(token.expiresOn),
    not_before: String(token.notBefore),
    resource: token.resource,
    token_type: token.tokenType,
    client_id: token.clientId,
  };
}
