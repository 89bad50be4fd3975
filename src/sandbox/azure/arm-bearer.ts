import { issuerOf } from "./access-token.ts";
import { Refusal } from "./refusal.ts";
import type { Asked } from "./server.ts";
import type { World } from "./world.ts";

const PUBLIC_AUDIENCES = ["https://management.core.windows.net", "https://management.azure.com"];

/**
 * Checks the bearer token of a request: signed by our Entra ID, for this Resource Manager, of the subscription's
 * tenant, and in time. This Resource Manager's own address is an audience beside Azure's public ones.
 * @throws Refusal 401 with Azure's codes
 */
export function checkBearer(world: World, { headers: { authorization }, origin }: Asked): void {
  if (authorization === undefined) {
    throw unauthorized(world, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
  }
  const [scheme = "", token = ""] = authorization.split(" ");
  const claims = scheme.toLowerCase() === "bearer" ? world.key.verified(token) : undefined;
  if (claims === undefined) {
    throw unauthorized(world, "InvalidAuthenticationToken", "The access token is invalid.");
  }
  const issuer = issuerOf(world.tenant);
  if (claims.iss !== issuer) {
    const message = `The access token is from the wrong issuer '${claims.iss}'. It must match the tenant '${issuer}' associated with this subscription.`;
    throw unauthorized(world, "InvalidAuthenticationTokenTenant", message);
  }
  const audiences = [...PUBLIC_AUDIENCES, origin].flatMap((one) => [`${one}/`, one]);
  if (!audiences.includes(String(claims.aud))) {
    const message = `The access token has been obtained for wrong audience or resource '${claims.aud}'. It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`;
    throw unauthorized(world, "InvalidAuthenticationTokenAudience", message);
  }
  const expiresMs = Number(claims.exp) * 1000;
  if (expiresMs <= world.clock.now()) {
    const message = `The access token expiry UTC time '${utc(expiresMs)}' is earlier than current UTC time '${utc(world.clock.now())}'.`;
    throw unauthorized(world, "ExpiredAuthenticationToken", message);
  }
}

/** Whom the token of a request was issued to: the client ID and the principal ID. */
export function issuedTo(world: World, { headers: { authorization = "" } }: Asked): { appid: string; oid: string } {
  const claims = world.key.verified(authorization.split(" ")[1] ?? "");
  return { appid: String(claims?.appid ?? ""), oid: String(claims?.oid ?? "") };
}

function unauthorized({ tenant }: World, code: string, message: string): Refusal {
  const authority = `https://login.windows.net/${tenant}`;
  const challenge = `Bearer authorization_uri="${authority}", error="invalid_token", error_description="${message}"`;
  return new Refusal(401, code, message, { "www-authenticate": challenge });
}

/** A moment as ARM writes it, e.g. `11/24/2025 11:31:00 PM`. */
function utc(ms: number): string {
  return new Date(ms).toLocaleString("en-US", { timeZone: "UTC" }).replace(",", "").replace("\u202f", " ");
}
