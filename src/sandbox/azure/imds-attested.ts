import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import { createAuthority, type ServerCertificate } from "../certificates.ts";
import { integer, octets, oid, sequence, set, tagged } from "../der.ts";
import type { Instance } from "./machine.ts";
import type { Answer } from "./server.ts";
import type { World } from "./world.ts";

const OID = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  sha256: "2.16.840.1.101.3.4.2.1",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;
/** Azure's documents are good for six hours. */
const VALID_MS = 6 * 60 * 60 * 1000;

/** Signs what a machine says of itself, with a certificate of an authority that lives as long as the emulator. */
export function createAttester(): (document: object) => Promise<string> {
  let certificate: Promise<ServerCertificate> | undefined;
  return async (document) => {
    certificate ??= createAuthority("aad-pod-identity metadata CA").then((ca) =>
      ca.serverCertificate(["metadata.azure.com"]),
    );
    return signedData(Buffer.from(JSON.stringify(document)), await certificate).toString("base64");
  };
}

/** `attested/document`: who the machine is, and since when, for somebody who does not trust the machine itself. */
export async function attestedAnswer(
  world: World,
  { vmId }: Instance,
  nonce: string | null,
  attest: (document: object) => Promise<string>,
): Promise<Answer> {
  const now = world.clock.now();
  const document = {
    licenseType: "",
    nonce:
      nonce ||
      new Date(now)
        .toISOString()
        .replace(/[-:]|\..*/g, "")
        .replace("T", "-"),
    plan: { name: "", product: "", publisher: "" },
    sku: "server",
    subscriptionId: world.subscription,
    timeStamp: { createdOn: stamp(now), expiresOn: stamp(now + VALID_MS) },
    vmId,
  };
  return { status: 200, json: { encoding: "pkcs7", signature: await attest(document) } };
}

/** A moment as the document writes it, e.g. `11/28/18 00:16:17 -0000`. */
function stamp(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  return `${month}/${day}/${year.slice(2)} ${time.slice(0, 8)} -0000`;
}

/** A CMS message that holds content, signature and certificate (RFC 5652, without signed attributes). */
function signedData(content: Buffer, { cert, key }: ServerCertificate): Buffer {
  const { raw } = new X509Certificate(cert);
  const [, serial = raw, , issuer = raw] = items(items(raw)[0] ?? raw);
  const sha256 = sequence(oid(OID.sha256));
  const signature = sign("sha256", content, createPrivateKey(key));
  const version = integer(Buffer.from([1]));
  const signer = sequence(
    version,
    sequence(issuer, serial),
    sha256,
    sequence(oid(OID.ecdsaWithSha256)),
    octets(signature),
  );
  const inner = sequence(oid(OID.data), tagged(0, octets(content), "constructed"));
  const message = sequence(version, set(sha256), inner, tagged(0, raw, "constructed"), set(signer));
  return sequence(oid(OID.signedData), tagged(0, message, "constructed"));
}

/** The encoded values inside an encoded sequence. */
function items(der: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = header(der).size; at < der.length; ) {
    const { size, length } = header(der.subarray(at));
    found.push(der.subarray(at, at + size + length));
    at += size + length;
  }
  return found;
}

function header(der: Buffer): { readonly size: number; readonly length: number } {
  const first = der[1] ?? 0;
  if (first < 0x80) return { size: 2, length: first };
  const digits = first & 0x7f;
  return { size: 2 + digits, length: der.readUIntBE(2, digits) };
}
