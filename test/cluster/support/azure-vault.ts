import { createServer, type ServerOptions } from "node:https";
import type { World } from "../../../src/sandbox/azure/world.ts";

export const SECRET = { name: "test-secret", value: "test-value" } as const;
const AUDIENCES = ["https://vault.azure.net", "https://vault.azure.net/"];

/** A Key Vault with one secret, for every application of this Azure but those that are denied. */
export function vaultServer(world: World, denied: ReadonlySet<string>, tls: ServerOptions) {
  return createServer(tls, ({ url = "", headers: { authorization = "" } }, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const claims = world.key.verified(authorization.replace(/^Bearer /, ""));
    const refuse = (status: number, code: string) => answer(status, { error: { code, message: code } });
    if (claims === undefined || !AUDIENCES.includes(String(claims.aud))) return refuse(401, "Unauthorized");
    if (denied.has(String(claims.appid))) return refuse(403, "Forbidden");
    if (!url.startsWith(`/secrets/${SECRET.name}`)) return refuse(404, "SecretNotFound");
    return answer(200, { value: SECRET.value, id: url });
  });
}
