import { createPublicKey, verify } from "node:crypto";
import { type Assertion, checkTimes, invalidSignature } from "./entra-assertion.ts";
import type { FederatedCredential, Federation, Jwk } from "./federation.ts";
import { Refusal } from "./refusal.ts";

const ADVICE =
  "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/**
 * Judges a token of another issuer with which a principal signs in: one of its federated credentials has to name issuer,
 * subject and audience as they are, and the issuer's keys have to have signed it.
 * @throws Refusal whose code is the number of an AADSTS error
 */
export async function checkFederated(
  federation: Federation,
  principalId: string,
  assertion: Assertion,
  now: number,
): Promise<void> {
  const { iss, sub, aud } = assertion.claims;
  const audiences = [aud].flat();
  const ofIssuer = matching(federation.of(principalId), "700211", "issuer", iss, ({ issuer }) => issuer === iss);
  const ofSubject = matching(ofIssuer, "700213", "subject", sub, ({ subject }) => subject === sub);
  matching(ofSubject, "700212", "audience", audiences[0], (one) => one.audiences.some((id) => audiences.includes(id)));
  const keys = await keysOf(federation, String(iss));
  if (!keys.some((key) => isSignedBy(key, assertion))) {
    throw invalidSignature("The key was not found., Please check the keys that the issuer publishes.");
  }
  checkTimes(assertion, now);
}

function matching(
  credentials: readonly FederatedCredential[],
  code: string,
  what: string,
  presented: unknown,
  isMatch: (credential: FederatedCredential) => boolean,
): readonly FederatedCredential[] {
  const found = credentials.filter(isMatch);
  if (found.length > 0) return found;
  const message = `No matching federated identity record found for presented assertion ${what} '${presented}'. ${ADVICE}`;
  throw new Refusal(401, code, message);
}

async function keysOf(federation: Federation, issuer: string): Promise<readonly Jwk[]> {
  try {
    return await federation.keysOf(issuer);
  } catch {
    throw new Refusal(400, "50166", `Request to External OIDC endpoint failed. Issuer: '${issuer}'.`);
  }
}

/** Entra ID takes RS256 alone from other issuers. */
function isSignedBy(jwk: Jwk, { header, content, signature }: Assertion): boolean {
  if (header.alg !== "RS256" || jwk.kty !== "RSA" || (jwk.kid ?? header.kid) !== header.kid) return false;
  return verify("sha256", content, createPublicKey({ key: jwk, format: "jwk" }), signature);
}
