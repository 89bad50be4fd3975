import { constants, verify, X509Certificate } from "node:crypto";
import { trustedLeaf } from "./certificate-chain.ts";
import { Refusal } from "./refusal.ts";
import type { Application } from "./service-principals.ts";

type Circumstances = {
  /** Under which the token endpoint was asked. */
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly now: number;
};
type Json = Readonly<Record<string, unknown>>;
/** A JWT, taken apart. */
export type Assertion = {
  readonly header: Json;
  readonly claims: Json;
  readonly content: Buffer;
  readonly signature: Buffer;
};

const BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Entra ID bears with clocks that differ by so much. */
const SKEW_SECONDS = 300;

/**
 * Judges a JWT with which an application signs in (RFC 7523): by a certificate that is registered with the application.
 * @throws Refusal whose code is the number of an AADSTS error
 */
export function checkAssertion(
  { clientId, certificates, trustedSubjects = [] }: Application,
  assertion: Assertion,
  { url, now }: Circumstances,
): void {
  const { claims } = assertion;
  const registered = certificates.map((pem) => new X509Certificate(pem));
  const sent = trustedLeaf(assertion.header.x5c, trustedSubjects);
  const certificate = [...registered, ...sent].find((one) => isNamed(one, assertion.header));
  if (certificate === undefined) {
    throw invalidSignature(
      "The key was not found., Please make sure the certificate is registered on the application.",
    );
  }
  if (Date.parse(certificate.validTo) < now) throw invalidSignature("The key used is expired.");
  if (!isSignedBy(certificate, assertion)) throw invalidSignature("Client assertion contains an invalid signature.");
  if (claims.iss !== clientId || claims.sub !== clientId || !isAddressed(claims.aud, url)) {
    const message =
      "Client assertion application identifier or audience doesn't match 'client_id' and the token endpoint.";
    throw new Refusal(401, "700021", message);
  }
  checkTimes(assertion, now);
}

/** @throws Refusal 700024 unless the assertion counts now (milliseconds since 1970), or nearly so */
export function checkTimes({ claims }: Assertion, now: number): void {
  const seconds = now / 1000;
  const [notBefore, expires] = [Number(claims.nbf ?? 0), Number(claims.exp)];
  if (notBefore <= seconds + SKEW_SECONDS && expires > seconds - SKEW_SECONDS) return;
  const message = "Client assertion is not within its valid time range. Review the documentation and the clock.";
  throw new Refusal(401, "700024", message);
}

/** Reads an assertion of the type that the request names. @throws Refusal 900144 or 50027 */
export function readAssertion(text: string, type: string | null): Assertion {
  if (type === BEARER) return parsed(text);
  throw new Refusal(400, "900144", "The request body must contain the following parameter: 'client_assertion_type'.");
}

function parsed(text: string): Assertion {
  const [header = "", claims = "", signature = "", ...rest] = text.split(".");
  const bytes = (part: string) => Buffer.from(part, "base64url");
  try {
    if (rest.length > 0 || signature === "") throw new Error("not three parts");
    const assertion = {
      header: JSON.parse(bytes(header).toString("utf8")) as Json,
      claims: JSON.parse(bytes(claims).toString("utf8")) as Json,
      content: Buffer.from(`${header}.${claims}`),
      signature: bytes(signature),
    };
    if (Object(assertion.header) === assertion.header && Object(assertion.claims) === assertion.claims)
      return assertion;
  } catch {
    // told below
  }
  throw new Refusal(400, "50027", "JWT token is invalid or malformed.");
}

/**
 * Whether the header names the certificate, by its SHA-256 or SHA-1 thumbprint. Clients write it in either alphabet of
 * base64, with or without its padding.
 */
function isNamed({ fingerprint, fingerprint256 }: X509Certificate, header: Json): boolean {
  const named = Buffer.from(String(header["x5t#S256"] ?? header.x5t ?? header.kid), "base64");
  return [fingerprint256, fingerprint].some((hex) => named.equals(Buffer.from(hex.replaceAll(":", ""), "hex")));
}

function isSignedBy({ publicKey }: X509Certificate, { header, content, signature }: Assertion): boolean {
  const isEc = publicKey.asymmetricKeyType === "ec";
  switch (header.alg) {
    case "RS256":
      return !isEc && verify("sha256", content, publicKey, signature);
    case "PS256": {
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      return !isEc && verify("sha256", content, { key: publicKey, ...padding }, signature);
    }
    case "ES256":
      return isEc && verify("sha256", content, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
    default:
      return false;
  }
}

function isAddressed(audience: unknown, url: string): boolean {
  return typeof audience === "string" && audience.toLowerCase() === url.toLowerCase();
}

/** Entra ID's answer to a signature that it cannot follow. */
export function invalidSignature(why: string): Refusal {
  return new Refusal(401, "700027", `Client assertion failed signature validation. [Reason - ${why}]`);
}
