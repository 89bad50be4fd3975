import { accessToken } from "./access-token.ts";
import type { AttachedIdentity, IdentityBlock, Principal } from "./identity-block.ts";
import type { Instance, Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { lookupKey } from "./resource-id.ts";
import type { Answer } from "./server.ts";
import type { World } from "./world.ts";

type Chosen = Principal & { readonly id: string };

const MANAGED_IDENTITY_SECONDS = 86_400;

/**
 * Answers a token request from a machine, for one of the identities that Resource Manager has put on it: the one that
 * the query names; else the machine's own; else its only user-assigned one.
 * @throws Refusal 400 with IMDS's texts
 */
export function tokenAnswer(world: World, machine: Machine, instance: Instance, query: URLSearchParams): Answer {
  if (!query.get("api-version")) throw badRequest("Required query variable 'api-version' is missing");
  const resource = query.get("resource");
  if (!resource) throw badRequest("Required query variable 'resource' is missing");
  const identity = choose(usable(world, machine.guestIdentity), machine.id, query);
  const { token, notBefore, expiresOn } = accessToken(world, {
    tenant: world.tenant,
    ...identity,
    audience: resource,
    lifetimeSeconds: world.tokenSeconds ?? MANAGED_IDENTITY_SECONDS,
    managed: { identity: identity.id, machine: instance.id },
  });
  const expiresIn = String(expiresOn - Math.floor(world.clock.now() / 1000));
  return {
    status: 200,
    json: {
      access_token: token,
      client_id: identity.clientId,
      expires_in: expiresIn,
      expires_on: String(expiresOn),
      ext_expires_in: expiresIn,
      not_before: String(notBefore),
      resource,
      token_type: "Bearer",
    },
  };
}

/** Without identities that were deleted in Azure, or deleted and made anew: the machine holds the old ones. */
function usable(world: World, { systemAssigned, userAssigned }: IdentityBlock): IdentityBlock {
  const alive = ([, { id, principalId }]: [string, AttachedIdentity]) =>
    world.identity(id)?.principalId === principalId;
  return { systemAssigned, userAssigned: new Map([...userAssigned].filter(alive)) };
}

function choose({ systemAssigned, userAssigned }: IdentityBlock, machineId: string, query: URLSearchParams): Chosen {
  const own = systemAssigned && { ...systemAssigned, id: machineId };
  const assigned = [...userAssigned.values()];
  const wanted = wantedIdentity(query);
  if (wanted !== undefined) {
    const found = [...(own ? [own] : []), ...assigned].find(wanted);
    if (found === undefined) throw identityNotFound();
    return found;
  }
  if (own !== undefined) return own;
  const [only, ...others] = assigned;
  if (only === undefined) throw identityNotFound();
  if (others.length === 0) return only;
  throw badRequest(
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
  );
}

/** How the query names an identity; undefined when it names none. */
function wantedIdentity(query: URLSearchParams): ((identity: Chosen) => boolean) | undefined {
  const same = (a: string, b: string) => lookupKey(a) === lookupKey(b);
  const named = (parameter: string) => query.get(parameter) || undefined;
  const [clientId, objectId] = [named("client_id"), named("object_id")];
  const resourceId = named("msi_res_id") ?? named("mi_res_id");
  const ways = [
    clientId && ((one: Chosen) => same(one.clientId, clientId)),
    objectId && ((one: Chosen) => same(one.principalId, objectId)),
    resourceId && ((one: Chosen) => same(one.id, resourceId)),
  ].filter((way) => typeof way === "function");
  return ways.length === 0 ? undefined : (one) => ways.every((way) => way(one));
}

function identityNotFound(): Refusal {
  return badRequest("Identity not found");
}

function badRequest(description: string): Refusal {
  return new Refusal(400, "invalid_request", description);
}
