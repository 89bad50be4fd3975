import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { asn1, pkcs12 } from "node-forge";
import { iterationsOf, MOST_ITERATIONS } from "./derivation-cost.ts";

/** What a PFX file holds. */
export type PfxContent = { readonly certificates: readonly X509Certificate[]; readonly keys: readonly KeyObject[] };

/**
 * Unpacks a PFX (PKCS#12) file; undefined when the password is not its own. Node can use such a file in a TLS server
 * but does not give the key out, so a library unpacks it, loaded only by those who have such a file.
 * @throws whatever the library throws about content that is no PFX
 */
export async function readPfx(content: Buffer, password: string): Promise<PfxContent | "slow" | undefined> {
  const { default: forge } = await import("node-forge");
  mendDerivations(forge);
  const der = (node: asn1.Asn1) => Buffer.from(forge.asn1.toDer(node).getBytes(), "latin1");
  const root = forge.asn1.fromDer(content.toString("latin1"));
  let pfx: pkcs12.Pkcs12Pfx;
  iterationsLeft = MOST_ITERATIONS;
  try {
    pfx = forge.pkcs12.pkcs12FromAsn1(root, false, password);
  } catch (reason) {
    if (iterationsLeft < 0) return "slow";
    if (reason instanceof Error && /password|decrypt/i.test(reason.message)) return undefined;
    throw reason;
  }
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids;
  const bags = pfx.safeContents.flatMap(({ safeBags }) => safeBags);
  const certificates = bags.filter(({ type }) => type === certBag).map((bag) => der(certificateNode(forge, bag)));
  const keys = bags.filter(({ type }) => type === keyBag || type === pkcs8ShroudedKeyBag);
  return {
    certificates: certificates.map((one) => new X509Certificate(one)),
    keys: keys.map((bag) => privateKey(forge, bag, der)),
  };
}

type Forge = typeof import("node-forge");
/** What its types leave out: all that derives a key from a password goes through these two. */
type Derivations = {
  readonly pki: { readonly pbe: { getCipher(oid: string, params: asn1.Asn1, password: string): unknown } };
  readonly pkcs12: {
    generateKey(password: string, salt: unknown, id: number, iterations: number, ...rest: unknown[]): unknown;
  };
};

/** Of the file that is being unpacked, which is done without a pause. */
let iterationsLeft = MOST_ITERATIONS;
const mended = new WeakSet<object>();

/** Corrects the password's bytes. A file is locked layer in layer, so what it takes is counted where it is spent. */
function mendDerivations(forge: Forge): void {
  if (mended.has(forge)) return;
  mended.add(forge);
  const { pki, pkcs12 } = forge as unknown as Derivations;
  const { getCipher } = pki.pbe;
  const { generateKey } = pkcs12;
  const spend = (iterations: number) => {
    iterationsLeft -= iterations;
    if (iterationsLeft < 0) throw new Error("too many iterations");
  };
  pki.pbe.getCipher = (oid, params, password) => {
    spend(iterationsOf(Buffer.from(forge.asn1.toDer(params).getBytes(), "latin1")));
    return getCipher(oid, params, oid === forge.pki.oids.pkcs5PBES2 ? utf8(password) : password);
  };
  pkcs12.generateKey = (password, salt, id, iterations, ...rest) => {
    spend(iterations);
    return generateKey(password, salt, id, iterations, ...rest);
  };
}

/**
 * The bytes of a password as the library takes bytes. In PBES2 they are those of UTF-8 (RFC 8018), of which it knows nothing;
 * the older ciphers and the file's MAC take two bytes a letter (RFC 7292), which it makes itself.
 */
function utf8(password: string): string {
  return Buffer.from(password, "utf8").toString("latin1");
}

/** The library knows RSA alone; all else it leaves as it found it. */
function certificateNode(forge: Forge, { cert, asn1 }: pkcs12.Bag): asn1.Asn1 {
  return cert === undefined || cert === null ? asn1 : forge.pki.certificateToAsn1(cert);
}

function privateKey(forge: Forge, { key, asn1 }: pkcs12.Bag, der: (node: asn1.Asn1) => Buffer): KeyObject {
  if (key === undefined || key === null) return createPrivateKey({ key: der(asn1), format: "der", type: "pkcs8" });
  return createPrivateKey({ key: der(forge.pki.privateKeyToAsn1(key)), format: "der", type: "pkcs1" });
}
