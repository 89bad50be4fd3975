import type { webcrypto } from "node:crypto";

/** Whose tokens may stand for a principal. */
export type FederatedCredential = {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
};
export type Jwk = webcrypto.JsonWebKey & { readonly kid?: string };

/** How long an issuer may take to show its keys. */
const PATIENCE_MS = 5_000;

/** The trust between principals of this Entra ID and issuers elsewhere. */
export class Federation {
  readonly #credentials = new Map<string, Map<string, FederatedCredential>>();
  readonly #keys = new Map<string, readonly Jwk[]>();

  /** The credentials of a principal, by its principal ID. */
  of(principalId: string): readonly FederatedCredential[] {
    return [...(this.#credentials.get(principalId)?.values() ?? [])];
  }

  find(principalId: string, name: string): FederatedCredential | undefined {
    return this.#credentials.get(principalId)?.get(name.toLowerCase());
  }

  /** Adds a credential, or changes the one of that name. */
  put(principalId: string, credential: FederatedCredential): FederatedCredential {
    const mine = this.#credentials.get(principalId) ?? new Map<string, FederatedCredential>();
    this.#credentials.set(principalId, mine.set(credential.name.toLowerCase(), credential));
    return credential;
  }

  delete(principalId: string, name: string): boolean {
    return this.#credentials.get(principalId)?.delete(name.toLowerCase()) ?? false;
  }

  /** Tells the keys of an issuer, which is then not asked for them. */
  trust(issuer: string, keys: readonly Jwk[]): void {
    this.#keys.set(issuer, keys);
  }

  /** The keys of an issuer, by OpenID discovery. @throws when it does not show them */
  async keysOf(issuer: string): Promise<readonly Jwk[]> {
    const told = this.#keys.get(issuer);
    if (told !== undefined) return told;
    const document = await read(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const { keys } = await read(String(document.jwks_uri));
    if (!Array.isArray(keys)) throw new Error(`${issuer} shows no keys`);
    return keys as Jwk[];
  }
}

async function read(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}
