import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { bits, boolean, integer, octets, oid, sequence, set, tagged, utcTime, utf8 } from "./der.ts";

/** A certificate and its private key as PEM, as `node:https` and `node:tls` take them. */
export type ServerCertificate = { readonly cert: string; readonly key: string };

/** A certification authority that lives as long as the process: its key is never written anywhere. */
export type Authority = {
  readonly caPem: string;
  /** A certificate for localhost, 127.0.0.1 and these names and IP addresses. */
  serverCertificate(names?: readonly string[]): Promise<ServerCertificate>;
};

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
type Party = { readonly name: string; readonly keys: Keys };

const VALID_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
const LOCAL_NAMES = ["localhost", "127.0.0.1"];
const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;
const SIGNATURE = sequence(oid(OID.ecdsaWithSha256));
const newKeys = promisify(generateKeyPair);

/** A new authority for the servers of one sandbox (RFC 5280, EC P-256, valid for a week). */
export async function createAuthority(name = "aad-pod-identity sandbox CA"): Promise<Authority> {
  const ca: Party = { name, keys: await newKeys("ec", { namedCurve: "P-256" }) };
  return {
    caPem: certificate(ca, ca, [
      extension(OID.basicConstraints, "critical", sequence(boolean(true))),
      extension(OID.keyUsage, "critical", bits(Buffer.from([0b0000_0110]), 1)), // keyCertSign, cRLSign
    ]),
    async serverCertificate(names = []) {
      const server: Party = { name: "localhost", keys: await newKeys("ec", { namedCurve: "P-256" }) };
      const cert = certificate(server, ca, [
        extension(OID.keyUsage, "critical", bits(Buffer.from([0b1000_0000]), 7)), // digitalSignature
        extension(OID.extKeyUsage, "optional", sequence(oid(OID.serverAuth))),
        extension(OID.subjectAltName, "optional", alternativeNames([...new Set([...LOCAL_NAMES, ...names])])),
      ]);
      return { cert, key: server.keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
}

/** Valid from yesterday, so that a clock that is a little behind still takes it. */
function certificate(subject: Party, issuer: Party, extensions: readonly Buffer[]): string {
  const now = Date.now();
  const content = sequence(
    tagged(0, integer(Buffer.from([2])), "constructed"), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    SIGNATURE,
    distinguishedName(issuer.name),
    sequence(utcTime(new Date(now - DAY_MS)), utcTime(new Date(now + VALID_DAYS * DAY_MS))),
    distinguishedName(subject.name),
    publicKeyInfo(subject.keys),
    tagged(3, sequence(...extensions, ...keyIdentifiers(subject, issuer)), "constructed"),
  );
  const der = sequence(content, SIGNATURE, bits(sign("sha256", content, issuer.keys.privateKey)));
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(oid(OID.commonName), utf8(commonName))));
}

function publicKeyInfo({ publicKey }: Keys): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

/** Strict verifiers, Python's among them, refuse a chain without them. */
function keyIdentifiers(subject: Party, issuer: Party): Buffer[] {
  const identifier = ({ keys }: Party) => createHash("sha1").update(publicKeyInfo(keys)).digest();
  return [
    extension(OID.subjectKeyIdentifier, "optional", octets(identifier(subject))),
    extension(OID.authorityKeyIdentifier, "optional", sequence(tagged(0, identifier(issuer), "primitive"))),
  ];
}

function extension(id: string, weight: "critical" | "optional", content: Buffer): Buffer {
  return sequence(oid(id), ...(weight === "critical" ? [boolean(true)] : []), octets(content));
}

function alternativeNames(names: readonly string[]): Buffer {
  return sequence(
    ...names.map((name) =>
      isIP(name) > 0 ? tagged(7, addressBytes(name), "primitive") : tagged(2, Buffer.from(name, "latin1"), "primitive"),
    ),
  );
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const hex = new URL(`http://[${address}]`).hostname.slice(1, -1); // an IPv4 tail becomes two groups
  const [left = [], right = []] = hex.split("::").map((side) => side.split(":").filter((group) => group !== ""));
  const zeros = new Array<string>(8 - left.length - right.length).fill("0");
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join(""), "hex");
}
