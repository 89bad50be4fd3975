import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { iterationsOf, MOST_ITERATIONS } from "./derivation-cost.ts";
import { readPfx } from "./pfx.ts";

/** A certificate that an application signs in with. */
export type ClientCertificate = {
  readonly file: string;
  /** SHA-1, upper-case hex, as the portal and Entra ID's errors show it. */
  readonly thumbprint: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly keyType: "rsa" | "ec";
  /** The certificate, then its key (PKCS#8), in PEM. */
  readonly pem: Secret;
};
/** Names of the settings, for sentences: keys of azure.json or environment variables. */
export type CertificateSettings = { readonly file: string; readonly password: string };

/** Any key may belong to any certificate, and each pair is tried. */
const MOST_PAIRS = 100;

type Content = { readonly certificates: readonly X509Certificate[]; readonly keys: readonly KeyObject[] };

/**
 * Reads a certificate and its private key, PEM or PFX, with or without a password.
 * @throws Fault FILE_INVALID that says what is wrong with the file and quotes nothing of it
 */
export async function readClientCertificate(
  file: string,
  content: Buffer,
  password: string,
  settings: CertificateSettings,
): Promise<ClientCertificate> {
  const invalid = (message: string) => new Fault("FILE_INVALID", message);
  const found = isPem(content) ? fromPem(content.toString("latin1"), password) : await fromPfx(content, password);
  if (found === "password") {
    const what = password === "" ? "needs a password: set" : "has another password: correct";
    throw invalid(`${file} ${what} ${settings.password}`);
  }
  if (found === "slow") {
    throw invalid(`${file} takes too long to unlock: protect it with at most ${MOST_ITERATIONS} iterations`);
  }
  if (found === undefined || found.certificates.length === 0) {
    throw invalid(`${file} holds no certificate in PEM or PFX form: correct ${settings.file}`);
  }
  if (found.keys.length * found.certificates.length > MOST_PAIRS) {
    throw invalid(`${file} holds too many certificates and keys: leave the ones of one pair in it`);
  }
  if (found.keys.length === 0) throw invalid(`${file} holds no private key: put the certificate's own into it`);
  const pairs = found.keys.flatMap((key) =>
    found.certificates.filter((one) => one.checkPrivateKey(key)).map((certificate) => ({ certificate, key })),
  );
  const [pair] = pairs;
  if (pair === undefined)
    throw invalid(`${file} holds a private key of another certificate: put both of one pair into it`);
  const keyType = keyTypeOf(pair.key);
  if (keyType === undefined) throw invalid(`${file} holds a key that cannot sign in: take RSA, or EC on P-256`);
  return {
    file,
    keyType,
    thumbprint: pair.certificate.fingerprint.replaceAll(":", ""),
    expiresAt: Date.parse(pair.certificate.validTo),
    pem: new Secret(`${pair.certificate}${pair.key.export({ type: "pkcs8", format: "pem" })}`),
  };
}

function keyTypeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): "rsa" | "ec" | undefined {
  if (asymmetricKeyType === "rsa") return "rsa";
  return asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ec" : undefined;
}

function isPem(content: Buffer): boolean {
  return content.includes("-----BEGIN ");
}

/** In the block of a key that is encrypted as before PKCS#8 (RFC 1421). */
const TRADITIONAL_LOCK = /^Proc-Type:.*ENCRYPTED/m;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Undefined: nothing in it can be read. "password": a key needs another one. */
function fromPem(text: string, password: string): Content | "password" | "slow" | undefined {
  const blocks = [...text.matchAll(BLOCK)].map(([block, label = ""]) => ({ block, label }));
  const isLocked = blocks.some(({ block, label }) => label.startsWith("ENCRYPTED ") || TRADITIONAL_LOCK.test(block));
  const locked = blocks.filter(({ label }) => label === "ENCRYPTED PRIVATE KEY");
  const cost = locked.reduce((sum, { block }) => sum + iterationsOf(derOf(block)), 0);
  if (cost > MOST_ITERATIONS) return Number.isFinite(cost) ? "slow" : undefined;
  try {
    const keys = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
    const certificates = blocks.filter(({ label }) => label === "CERTIFICATE");
    return {
      certificates: certificates.map(({ block }) => new X509Certificate(block)),
      keys: keys.map(({ block }) => createPrivateKey({ key: block, format: "pem", passphrase: password })),
    };
  } catch {
    return isLocked ? "password" : undefined;
  }
}

function derOf(block: string): Buffer {
  return Buffer.from(block.replace(/-----[^-]*-----/g, ""), "base64");
}

async function fromPfx(content: Buffer, password: string): Promise<Content | "password" | "slow" | undefined> {
  try {
    return (await readPfx(content, password)) ?? "password";
  } catch {
    return undefined;
  }
}
