import { randomUUID } from "node:crypto";
import { issuerOf } from "./access-token.ts";
import { entraError } from "./entra-error.ts";
import { checkTenant, type Endpoint, tokenAnswer } from "./entra-token.ts";
import { Refusal } from "./refusal.ts";
import { type Emulator, type Place, type Route, serve } from "./server.ts";
import type { World } from "./world.ts";

export type EntraOptions = Place & { readonly world: World };

/**
 * Entra ID: token endpoints of both generations, OpenID discovery, keys, instance discovery.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function startEntra({ world, ...place }: EntraOptions): Promise<Emulator> {
  return serve(
    {
      traffic: world.traffic,
      routes: [
        instanceRoute,
        discoveryRoute(world, "v1"),
        discoveryRoute(world, "v2.0"),
        keysRoute(world),
        ...tokenRoutes(world, "v1"),
        ...tokenRoutes(world, "v2.0"),
      ],
      admit: () => {},
      headers: () => ({ "cache-control": "no-store, no-cache", "x-ms-request-id": randomUUID() }),
      refused: (refusal, asked) => entraError(refusal, asked, world.clock),
      unknown: ({ method, path }) =>
        new Refusal(404, "not_found", `This emulator of Entra ID does not know ${method} ${path}.`),
    },
    place,
  );
}

function tokenRoutes(world: World, endpoint: Endpoint): Route[] {
  const path = endpoint === "v1" ? /^\/(?<tenant>[^/]+)\/oauth2\/token$/ : /^\/(?<tenant>[^/]+)\/oauth2\/v2\.0\/token$/;
  const operation = "entra.token";
  return [
    {
      method: "POST",
      path,
      operation,
      answer: (asked, { tenant = "" }) => tokenAnswer(world, endpoint, tenant, asked),
    },
    {
      method: "GET",
      path,
      operation,
      answer: () => {
        throw new Refusal(400, "900561", "The endpoint only accepts POST requests. Received a GET request.");
      },
    },
  ];
}

function keysRoute({ key }: World): Route {
  return {
    method: "GET",
    path: /^\/[^/]+\/discovery\/(v2\.0\/)?keys$/,
    operation: "entra.keys",
    answer: () => ({ status: 200, json: { keys: [{ ...key.jwk, use: "sig", alg: "RS256", x5t: key.jwk.kid }] } }),
  };
}

function discoveryRoute(world: World, endpoint: Endpoint): Route {
  const version = endpoint === "v1" ? "" : "/v2.0";
  return {
    method: "GET",
    path: new RegExp(`^/(?<tenant>[^/]+)${version}/\\.well-known/openid-configuration$`),
    operation: "entra.discovery",
    answer: ({ origin }, { tenant = "" }) => {
      const isAny = /^(common|organizations)$/i.test(tenant);
      if (!isAny) checkTenant(world, tenant);
      const base = `${origin}/${tenant}`;
      const issuing = isAny ? "{tenantid}" : tenant;
      const json = {
        issuer: endpoint === "v1" ? issuerOf(issuing) : `${origin}/${issuing}/v2.0`,
        authorization_endpoint: `${base}/oauth2${version}/authorize`,
        token_endpoint: `${base}/oauth2${version}/token`,
        jwks_uri: `${base}/discovery${version}/keys`,
        token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        response_types_supported: ["token"],
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
      };
      return { status: 200, json };
    },
  };
}

const instanceRoute: Route = {
  method: "GET",
  path: /^\/common\/discovery\/instance$/,
  operation: "entra.discovery",
  answer: ({ origin, headers: { host = "localhost" } }) => {
    const json = {
      tenant_discovery_endpoint: `${origin}/common/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    };
    return { status: 200, json };
  },
};
