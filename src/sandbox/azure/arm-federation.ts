import { type ArmContext, groupOf, groupPath, readJson, resourceNotFound } from "./arm-scope.ts";
import type { FederatedCredential } from "./federation.ts";
import { invalidContent } from "./identity-block.ts";
import { Refusal } from "./refusal.ts";
import { identityId } from "./resource-id.ts";
import type { Answer, Asked, Params, Route } from "./server.ts";
import type { UserAssignedIdentity, World } from "./world.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
/** Azure's documented limit for one identity. */
const MOST_CREDENTIALS = 20;

/** The issuers that user-assigned identities trust: list, read, create or update, delete. */
export function federationRoutes({ world }: ArmContext): Route[] {
  const below = "/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/(?<identity>[^/]+)";
  const all = groupPath(`${below}/federatedIdentityCredentials`);
  const one = groupPath(`${below}/federatedIdentityCredentials/(?<name>[^/]+)`);
  return [
    {
      method: "GET",
      path: all,
      operation: "arm.federatedIdentityCredentials.list",
      answer: (_, params) => {
        const identity = identityOf(world, params);
        const value = world.federation.of(identity.principalId).map((one) => credentialJson(identity, one));
        return { status: 200, json: { value } };
      },
    },
    {
      method: "GET",
      path: one,
      operation: "arm.federatedIdentityCredentials.get",
      answer: (_, params) => {
        const identity = identityOf(world, params);
        const { name = "" } = params;
        const found = world.federation.find(identity.principalId, name);
        if (found === undefined) throw resourceNotFound(TYPE, `${identity.name}/${name}`, identity.resourceGroup);
        return { status: 200, json: credentialJson(identity, found) };
      },
    },
    {
      method: "PUT",
      path: one,
      operation: "arm.federatedIdentityCredentials.put",
      answer: (asked, params) => put(world, asked, params),
    },
    {
      method: "DELETE",
      path: one,
      operation: "arm.federatedIdentityCredentials.delete",
      answer: (_, params) => {
        const isGone = world.federation.delete(identityOf(world, params).principalId, params.name ?? "");
        return { status: isGone ? 200 : 204 };
      },
    },
  ];
}

function identityOf(world: World, params: Params): UserAssignedIdentity {
  const group = groupOf(world, params);
  const { identity: name = "" } = params;
  const identity = world.identity(identityId(group.id, name));
  if (identity !== undefined) return identity;
  throw resourceNotFound("Microsoft.ManagedIdentity/userAssignedIdentities", name, group.name);
}

function put(world: World, asked: Asked, params: Params): Answer {
  const { principalId, ...identity } = identityOf(world, params);
  const credential = { name: params.name ?? "", ...readCredential(asked) };
  const isSame = (one: FederatedCredential) => one.name.toLowerCase() === credential.name.toLowerCase();
  const others = world.federation.of(principalId).filter((one) => !isSame(one));
  if (others.some(({ issuer, subject }) => issuer === credential.issuer && subject === credential.subject)) {
    const message = "Issuer and subject combination already exists for this Managed Identity.";
    throw new Refusal(409, "Conflict", message);
  }
  if (others.length >= MOST_CREDENTIALS) {
    const message = `An identity has ${MOST_CREDENTIALS} federated identity credentials at most.`;
    throw new Refusal(400, "BadRequest", message);
  }
  const isNew = world.federation.find(principalId, credential.name) === undefined;
  world.federation.put(principalId, credential);
  return { status: isNew ? 201 : 200, json: credentialJson(identity, credential) };
}

function readCredential(asked: Asked): Omit<FederatedCredential, "name"> {
  const { properties } = readJson(asked) as { readonly properties?: Readonly<Record<string, unknown>> | null };
  const { issuer, subject, audiences } = properties ?? {};
  if (typeof issuer !== "string" || !URL.canParse(issuer)) throw invalidContent("Path 'properties.issuer'");
  if (typeof subject !== "string" || subject === "") throw invalidContent("Path 'properties.subject'");
  const isTexts = Array.isArray(audiences) && audiences.length > 0 && audiences.every((one) => typeof one === "string");
  if (!isTexts) throw invalidContent("Path 'properties.audiences'");
  return { issuer, subject, audiences };
}

function credentialJson({ id }: { readonly id: string }, { name, ...properties }: FederatedCredential): object {
  return { id: `${id}/federatedIdentityCredentials/${name}`, name, type: TYPE, properties };
}
