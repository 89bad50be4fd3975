import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { ClientCertificate } from "./client-certificate.ts";

const VALID_SECONDS = 600;
const algorithms = { rsa: "RS256", ec: "ES256" } as const;

/**
 * A signed statement (RFC 7523) with which an application signs in at a token endpoint, valid for ten minutes. It carries
 * the certificate, for applications that are registered with its subject name.
 */
export function clientAssertion(
  { pem, keyType }: ClientCertificate,
  clientId: string,
  audience: string,
  nowMs = Date.now(),
): string {
  const key = createPrivateKey(pem.reveal());
  const { raw } = new X509Certificate(pem.reveal());
  const hash = (name: string) => createHash(name).update(raw).digest("base64url");
  const now = Math.floor(nowMs / 1000);
  const thumbprints = { x5t: hash("sha1"), "x5t#S256": hash("sha256") };
  const header = { typ: "JWT", alg: algorithms[keyType], ...thumbprints, x5c: [raw.toString("base64")] };
  const claims = {
    aud: audience,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    nbf: now,
    exp: now + VALID_SECONDS,
  };
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}
