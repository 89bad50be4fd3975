import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { ClientCertificate } from "./client-certificate.ts";

const VALID_SECONDS = 600;

/**
 * A signed statement (RFC 7523) with which an application signs in at a token endpoint. The SDK makes them for RSA
 * keys alone, so this one is for EC (ES256).
 */
export function clientAssertion(
  { pem }: ClientCertificate,
  clientId: string,
  audience: string,
  nowMs = Date.now(),
): string {
  const key = createPrivateKey(pem.reveal());
  const hash = (name: string) => createHash(name).update(new X509Certificate(pem.reveal()).raw).digest("base64url");
  const now = Math.floor(nowMs / 1000);
  const header = { typ: "JWT", alg: "ES256", x5t: hash("sha1"), "x5t#S256": hash("sha256") };
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
