import { createHash, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";

export type Claims = Readonly<Record<string, unknown>>;
/** A public key as `discovery/v2.0/keys` lists it. */
export type PublicJwk = { readonly kty: string; readonly n: string; readonly e: string; readonly kid: string };

/** The key with which the emulated Entra ID signs its tokens (RS256). */
export class SigningKey {
  readonly jwk: PublicJwk;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    const { kty = "", n = "", e = "" } = this.#publicKey.export({ format: "jwk" });
    const kid = createHash("sha1").update(n).digest("base64url");
    this.jwk = { kty, n, e, kid };
  }

  static async generate(): Promise<SigningKey> {
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    return new SigningKey(privateKey);
  }

  /** A JWT in compact form. */
  sign(claims: Claims): string {
    const header = { typ: "JWT", alg: "RS256", x5t: this.jwk.kid, kid: this.jwk.kid };
    const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${content}.${sign("sha256", Buffer.from(content), this.#privateKey).toString("base64url")}`;
  }

  /** The claims of a JWT that this key signed; undefined for any other text. */
  verified(token: string): Claims | undefined {
    const [header = "", payload = "", signature = "", ...rest] = token.split(".");
    if (rest.length > 0) return undefined;
    const content = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", content, this.#publicKey, Buffer.from(signature, "base64url"))) return undefined;
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Claims;
  }
}
