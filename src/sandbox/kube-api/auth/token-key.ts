import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { isObject, type JsonObject } from "../json.ts";

/** A program asks with one token for an hour; to find out anew that it was signed here would cost more than most answers. */
const MOST_KNOWN = 100;

/** The key that signs service accounts' tokens (RS256); made when it is first needed, since that takes a moment. */
export class TokenKey {
  #pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly kid: string } | undefined;
  /** Claims by the tokens that were found to be signed with this key. */
  readonly #known = new Map<string, JsonObject>();

  /** A JWT in compact form. */
  sign(claims: JsonObject): string {
    const { privateKey, kid } = this.#keys();
    const content = [{ alg: "RS256", kid }, claims].map(encode).join(".");
    return `${content}.${sign("sha256", Buffer.from(content), privateKey).toString("base64url")}`;
  }

  /** The claims of a JWT that this key signed, whether it is still valid or not; undefined for any other text. */
  verified(token: string): JsonObject | undefined {
    const known = this.#known.get(token);
    if (known !== undefined) return known;
    const claims = this.#claimsOf(token);
    if (claims === undefined) return undefined;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(token, claims);
    return claims;
  }

  #claimsOf(token: string): JsonObject | undefined {
    const [header = "", payload = "", signature = "", ...rest] = token.split(".");
    if (this.#pair === undefined || signature === "" || rest.length > 0) return undefined;
    const { publicKey } = this.#pair;
    const content = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", content, publicKey, Buffer.from(signature, "base64url"))) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return isObject(claims) ? claims : undefined;
  }

  /** The public key, as `/openid/v1/jwks` lists it. */
  jwk(): JsonObject {
    const { publicKey, kid } = this.#keys();
    const { kty = "", n = "", e = "" } = publicKey.export({ format: "jwk" });
    return { use: "sig", kty, kid, alg: "RS256", n, e };
  }

  #keys() {
    if (this.#pair !== undefined) return this.#pair;
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const publicKey = createPublicKey(privateKey);
    const kid = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
    this.#pair = { privateKey, publicKey, kid };
    return this.#pair;
  }
}

function encode(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
