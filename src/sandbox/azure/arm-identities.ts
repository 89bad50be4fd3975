import {
  type ArmContext,
  checkSubscription,
  groupOf,
  groupPath,
  readJson,
  readTags,
  resourceNotFound,
} from "./arm-scope.ts";
import { Refusal } from "./refusal.ts";
import { identityId } from "./resource-id.ts";
import type { Answer, Asked, Params, Route } from "./server.ts";
import type { UserAssignedIdentity, World } from "./world.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** User-assigned identities: list, read, create or update, change tags, delete; and those that machines have of their own. */
export function identityRoutes({ world }: ArmContext): Route[] {
  const all = groupPath("/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities");
  const one = groupPath("/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/(?<name>[^/]+)");
  return [
    {
      method: "GET",
      path: all,
      operation: "arm.userAssignedIdentities.list",
      answer: (_, params) => {
        return listed(world, world.identities(groupOf(world, params).name));
      },
    },
    {
      method: "GET",
      path: new RegExp(`^/subscriptions/(?<subscription>[^/]+)/providers/${TYPE.replace(".", "\\.")}/?$`, "i"),
      operation: "arm.userAssignedIdentities.list",
      answer: (_, { subscription = "" }) => {
        checkSubscription(world, subscription);
        return listed(world, world.identities());
      },
    },
    {
      method: "GET",
      path: one,
      operation: "arm.userAssignedIdentities.get",
      answer: (_, params) => ({ status: 200, json: identityJson(world, existing(world, params)) }),
    },
    {
      method: "PUT",
      path: one,
      operation: "arm.userAssignedIdentities.put",
      answer: (asked, params) => put(world, params, asked),
    },
    {
      method: "PATCH",
      path: one,
      operation: "arm.userAssignedIdentities.update",
      answer: (asked, params) => {
        const { resourceGroup, name, ...identity } = existing(world, params);
        const { tags = identity.tags } = readJson(asked);
        const changed = world.createIdentity({ resourceGroup, name, tags: readTags(tags) });
        return { status: 200, json: identityJson(world, changed) };
      },
    },
    {
      method: "DELETE",
      path: one,
      operation: "arm.userAssignedIdentities.delete",
      answer: (_, params) => ({ status: world.deleteIdentity(target(world, params).id) ? 200 : 204 }),
    },
    ownIdentityRoute(world),
  ];
}

const listed = (world: World, identities: readonly UserAssignedIdentity[]): Answer => ({
  status: 200,
  json: { value: identities.map((identity) => identityJson(world, identity)) },
});

/** @throws Refusal ResourceNotFound */
function existing(world: World, params: Params): UserAssignedIdentity {
  const { id, group, name } = target(world, params);
  const identity = world.identity(id);
  if (identity === undefined) throw resourceNotFound(TYPE, name, group);
  return identity;
}

function ownIdentityRoute(world: World): Route {
  const type = "Microsoft.ManagedIdentity/identities";
  return {
    method: "GET",
    path: groupPath("/(?<rest>.+)/providers/Microsoft\\.ManagedIdentity/identities/default"),
    operation: "arm.systemAssignedIdentities.get",
    answer: ({ path }, params) => {
      const group = groupOf(world, params);
      const machine = world.machine(path.replace(/\/providers\/Microsoft\.ManagedIdentity\/.*$/i, ""));
      const own = machine?.identity.systemAssigned;
      if (machine === undefined || own === undefined) throw resourceNotFound(type, "default", group.name);
      const { id, location, tags } = machine.facts;
      const properties = { tenantId: world.tenant, principalId: own.principalId, clientId: own.clientId };
      const json = { id: `${id}/providers/${type}/default`, name: "default", type, location, tags, properties };
      return { status: 200, json };
    },
  };
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
