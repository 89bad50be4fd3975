import { type ArmContext, readJson } from "./arm-scope.ts";
import { invalidContent } from "./identity-block.ts";
import { Refusal } from "./refusal.ts";
import { type RoleAssignment, type RoleDefinition, roleDefinitions } from "./roles.ts";
import type { Answer, Asked, Params, Route } from "./server.ts";
import type { World } from "./world.ts";

const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";
const DEFINITIONS = "Microsoft.Authorization/roleDefinitions";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Role assignments at any scope, and the built-in roles. */
export function authorizationRoutes({ world }: ArmContext): Route[] {
  const one = /^(?<scope>\/subscriptions\/.+?)\/providers\/Microsoft\.Authorization\/roleAssignments\/(?<name>[^/]+)$/i;
  return [
    {
      method: "PUT",
      path: one,
      operation: "arm.roleAssignments.put",
      answer: (asked, params) => assign(world, asked, params),
    },
    {
      method: "GET",
      path: one,
      operation: "arm.roleAssignments.get",
      answer: (_, { scope = "", name = "" }) => {
        const found = world.roles.find(scope, name);
        if (found !== undefined) return { status: 200, json: assignmentJson(world, found) };
        const message = `The role assignment '${name}' is not found.`;
        throw new Refusal(404, "RoleAssignmentNotFound", message);
      },
    },
    {
      method: "DELETE",
      path: one,
      operation: "arm.roleAssignments.delete",
      answer: (_, { scope = "", name = "" }) => {
        const found = world.roles.remove(scope, name);
        return found === undefined ? { status: 204 } : { status: 200, json: assignmentJson(world, found) };
      },
    },
    ...listRoutes(world),
  ];
}

function listRoutes(world: World): Route[] {
  const scope = "(?<scope>/subscriptions/.+?)/providers/Microsoft\\.Authorization";
  return [
    {
      method: "GET",
      path: new RegExp(`^${scope}/roleAssignments/?$`, "i"),
      operation: "arm.roleAssignments.list",
      answer: ({ query }, { scope = "" }) => {
        const wanted = filterOf(query, /^(?:atScope\(\) and )?(?:principalId|assignedTo\()\s*(?:eq )?'([^']*)'\)?$/i);
        const all = world.roles.around(scope).filter((one) => wanted === undefined || one.principalId === wanted);
        return { status: 200, json: { value: all.map((one) => assignmentJson(world, one)) } };
      },
    },
    {
      method: "GET",
      path: new RegExp(`^${scope}/roleDefinitions/?$`, "i"),
      operation: "arm.roleDefinitions.list",
      answer: ({ query }) => {
        const wanted = filterOf(query, /^roleName eq '([^']*)'$/i)?.toLowerCase();
        const all = roleDefinitions.filter(({ name }) => wanted === undefined || name.toLowerCase() === wanted);
        return { status: 200, json: { value: all.map((one) => definitionJson(world, one)) } };
      },
    },
    {
      method: "GET",
      path: new RegExp(`^${scope}/roleDefinitions/(?<name>[^/]+)$`, "i"),
      operation: "arm.roleDefinitions.get",
      answer: (_, { name = "" }) => ({ status: 200, json: definitionJson(world, definitionOf(name)) }),
    },
  ];
}

/** The value that a `$filter` names; undefined where it names none. @throws Refusal 400 for another filter */
function filterOf(query: URLSearchParams, form: RegExp): string | undefined {
  const filter = query.get("$filter")?.trim() ?? "";
  if (filter === "" || /^atScope\(\)$/i.test(filter)) return undefined;
  const [, value] = form.exec(filter) ?? [];
  if (value !== undefined) return value;
  throw new Refusal(400, "UnsupportedQuery", `This emulator does not know the filter '${filter}'.`);
}

/** @throws Refusal 400, 404 or 409 with Azure's codes */
function assign(world: World, asked: Asked, { scope = "", name = "" }: Params): Answer {
  const { properties } = readJson(asked) as { readonly properties?: Readonly<Record<string, unknown>> | null };
  const { roleDefinitionId, principalId } = properties ?? {};
  if (typeof roleDefinitionId !== "string") throw invalidContent("Path 'properties.roleDefinitionId'");
  if (typeof principalId !== "string") throw invalidContent("Path 'properties.principalId'");
  if (!GUID.test(name)) {
    throw new Refusal(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. It must be a GUID.`,
    );
  }
  if (!world.hasPrincipal(principalId)) {
    const id = principalId.replaceAll("-", "");
    const message = `Principal ${id} does not exist in the directory ${world.tenant}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`;
    throw new Refusal(400, "PrincipalNotFound", message);
  }
  const role = definitionOf(roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1));
  const assignment: RoleAssignment = { name, scope, roleId: role.id, principalId };
  const twin = world.roles.twin(assignment);
  if (twin !== undefined && twin.name.toLowerCase() !== name.toLowerCase()) {
    const message = `The role assignment already exists. The ID of the existing role assignment is ${twin.name.replaceAll("-", "")}.`;
    throw new Refusal(409, "RoleAssignmentExists", message);
  }
  const existing = world.roles.find(scope, name);
  if (existing !== undefined && twin === undefined) {
    const message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
    throw new Refusal(409, "RoleAssignmentUpdateNotPermitted", message);
  }
  return { status: existing === undefined ? 201 : 200, json: assignmentJson(world, world.roles.assign(assignment)) };
}

function definitionOf(id: string): RoleDefinition {
  const found = roleDefinitions.find((one) => one.id === id.toLowerCase());
  if (found !== undefined) return found;
  const message = `The specified role definition with ID '${id.replaceAll("-", "")}' does not exist.`;
  throw new Refusal(404, "RoleDefinitionDoesNotExist", message);
}

function definitionId({ subscription }: World, roleId: string): string {
  return `/subscriptions/${subscription}/providers/${DEFINITIONS}/${roleId}`;
}

function assignmentJson(world: World, { name, scope, roleId, principalId }: RoleAssignment): object {
  const roleDefinitionId = definitionId(world, roleId);
  const properties = { roleDefinitionId, principalId, principalType: "ServicePrincipal", scope };
  return { id: `${scope}/providers/${ASSIGNMENTS}/${name}`, name, type: ASSIGNMENTS, properties };
}

function definitionJson(world: World, { id, name, actions, notActions = [] }: RoleDefinition): object {
  const permissions = [{ actions, notActions, dataActions: [], notDataActions: [] }];
  const properties = { roleName: name, type: "BuiltInRole", assignableScopes: ["/"], permissions };
  return { id: definitionId(world, id), name: id, type: DEFINITIONS, properties };
}
