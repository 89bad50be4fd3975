import { type ArmContext, groupOf, groupPath, readJson, readTags, resourceNotFound } from "./arm-scope.ts";
import { Refusal } from "./refusal.ts";
import { identityId } from "./resource-id.ts";
import type { Answer, Asked, Params, Route } from "./server.ts";
import type { UserAssignedIdentity, World } from "./world.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** User-assigned identities: list, read, create or update, delete. */
export function identityRoutes({ world }: ArmContext): Route[] {
  const all = groupPath("/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities");
  const one = groupPath("/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/(?<name>[^/]+)");
  return [
    {
      method: "GET",
      path: all,
      operation: "arm.userAssignedIdentities.list",
      answer: (_, params) => {
        const identities = world.identities(groupOf(world, params).name);
        return { status: 200, json: { value: identities.map((identity) => identityJson(world, identity)) } };
      },
    },
    {
      method: "GET",
      path: one,
      operation: "arm.userAssignedIdentities.get",
      answer: (_, params) => {
        const { id, group, name } = target(world, params);
        const identity = world.identity(id);
        if (identity === undefined) throw resourceNotFound(TYPE, name, group);
        return { status: 200, json: identityJson(world, identity) };
      },
    },
    {
      method: "PUT",
      path: one,
      operation: "arm.userAssignedIdentities.put",
      answer: (asked, params) => put(world, params, asked),
    },
    {
      method: "DELETE",
      path: one,
      operation: "arm.userAssignedIdentities.delete",
      answer: (_, params) => ({ status: world.deleteIdentity(target(world, params).id) ? 200 : 204 }),
    },
  ];
}

function target(world: World, params: Params): { readonly id: string; readonly group: string; readonly name: string } {
  const group = groupOf(world, params);
  const { name = "" } = params;
  return { id: identityId(group.id, name), group: group.name, name };
}

function put(world: World, params: Params, asked: Asked): Answer {
  const { id, group, name } = target(world, params);
  const { location, tags = {} } = readJson(asked);
  if (typeof location !== "string") {
    throw new Refusal(400, "LocationRequired", "The location property is required for this definition.");
  }
  const status = world.identity(id) === undefined ? 201 : 200;
  return {
    status,
    json: identityJson(world, world.createIdentity({ resourceGroup: group, name, location, tags: readTags(tags) })),
  };
}

function identityJson({ tenant }: World, identity: UserAssignedIdentity): object {
  const { id, name, location, tags, principalId, clientId } = identity;
  return { id, name, type: TYPE, location, tags, properties: { tenantId: tenant, principalId, clientId } };
}
