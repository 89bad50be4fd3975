import type { Secret } from "../base/secret.ts";

/** A token as a back end got it; times are seconds since 1970. */
export type Token = {
  readonly accessToken: Secret;
  readonly expiresOn: number;
  readonly notBefore: number;
  readonly resource: string;
  readonly tokenType: string;
  readonly clientId: string;
};

/**
 * The body of a token answer: the original's keys in its order, all values strings, then `client_id` as IMDS sends
 * it. `expires_in` is what is left at the moment of the answer, which Python's SDK counts from.
 */
export function tokenAnswer(token: Token, nowMs: number): object {
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
