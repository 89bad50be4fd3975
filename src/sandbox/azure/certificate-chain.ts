import { X509Certificate } from "node:crypto";

/** Certificates that an authority issued to a name; both as an application's manifest tells them. */
export type TrustedSubject = {
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  /** E.g. `CN=worker.example`. */
  readonly subject: string;
};

const MOST_CERTIFICATES = 10;

/**
 * The certificate with which an application signs in by its name and issuer, from the chain that it sends (`x5c` of
 * RFC 7515, its own certificate first); none where an issuer is missing or the authority is not the trusted one.
 */
export function trustedLeaf(x5c: unknown, trusted: readonly TrustedSubject[]): readonly X509Certificate[] {
  const chain = chainOf(x5c);
  const [leaf] = chain;
  const last = chain.at(-1);
  if (leaf === undefined || last === undefined || !isUnbroken(chain)) return [];
  const isTrusted = ({ authority, subject }: TrustedSubject) => {
    const root = new X509Certificate(authority);
    return leaf.subject === subject && (last.fingerprint256 === root.fingerprint256 || isIssuedBy(last, root));
  };
  return trusted.some(isTrusted) ? [leaf] : [];
}

function chainOf(x5c: unknown): readonly X509Certificate[] {
  if (!Array.isArray(x5c) || x5c.length > MOST_CERTIFICATES) return [];
  try {
    return x5c.map((der) => new X509Certificate(Buffer.from(String(der), "base64")));
  } catch {
    return []; // as if none had been sent
  }
}

const isUnbroken = (chain: readonly X509Certificate[]) =>
  chain.every((one, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || isIssuedBy(one, issuer);
  });

const isIssuedBy = (one: X509Certificate, issuer: X509Certificate) =>
  issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey);
