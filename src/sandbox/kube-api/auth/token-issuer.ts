import type { JsonObject } from "../json.ts";
import { ISSUER } from "./token-facts.ts";
import type { TokenKey } from "./token-key.ts";

/** What others need to check service accounts' tokens, at the paths that OpenID Connect names; undefined elsewhere. */
export function issuerDocument(key: TokenKey, pathname: string): JsonObject | undefined {
  if (pathname === "/openid/v1/jwks") return { keys: [key.jwk()] };
  if (pathname !== "/.well-known/openid-configuration") return undefined;
  return {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
}
