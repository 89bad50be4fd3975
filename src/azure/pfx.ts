import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { asn1, pkcs12 } from "node-forge";

/** What a PFX file holds. */
export type PfxContent = { readonly certificates: readonly X509Certificate[]; readonly keys: readonly KeyObject[] };

/**
 * Unpacks a PFX (PKCS#12) file; undefined when the password is not its own. Node can use such a file in a TLS server
 * but does not give the key out, so a library unpacks it, loaded only by those who have such a file.
 * @throws whatever the library throws about content that is no PFX
 */
export async function readPfx(content: Buffer, password: string): Promise<PfxContent | undefined> {
  const { default: forge } = await import("node-forge");
  const der = (node: asn1.Asn1) => Buffer.from(forge.asn1.toDer(node).getBytes(), "latin1");
  const root = forge.asn1.fromDer(content.toString("latin1"));
  let pfx: pkcs12.Pkcs12Pfx;
  try {
    pfx = forge.pkcs12.pkcs12FromAsn1(root, false, password);
  } catch (reason) {
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

/** The library knows RSA alone; all else it leaves as it found it. */
function certificateNode(forge: Forge, { cert, asn1 }: pkcs12.Bag): asn1.Asn1 {
  return cert === undefined || cert === null ? asn1 : forge.pki.certificateToAsn1(cert);
}

function privateKey(forge: Forge, { key, asn1 }: pkcs12.Bag, der: (node: asn1.Asn1) => Buffer): KeyObject {
  if (key === undefined || key === null) return createPrivateKey({ key: der(asn1), format: "der", type: "pkcs8" });
  return createPrivateKey({ key: der(forge.pki.privateKeyToAsn1(key)), format: "der", type: "pkcs1" });
}
