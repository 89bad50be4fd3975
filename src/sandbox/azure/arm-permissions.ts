import { issuedTo } from "./arm-bearer.ts";
import type { Operation } from "./operations.ts";
import { Refusal } from "./refusal.ts";
import type { Asked } from "./server.ts";
import type { World } from "./world.ts";

const PROVIDERS: Readonly<Record<string, string>> = {
  resourceGroups: "Microsoft.Resources/subscriptions/resourceGroups",
  userAssignedIdentities: "Microsoft.ManagedIdentity/userAssignedIdentities",
  systemAssignedIdentities: "Microsoft.ManagedIdentity/identities",
  federatedIdentityCredentials: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
  virtualMachines: "Microsoft.Compute/virtualMachines",
  virtualMachineScaleSets: "Microsoft.Compute/virtualMachineScaleSets",
  virtualMachineScaleSetVMs: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
  operations: "Microsoft.Compute/locations/operations",
  roleAssignments: "Microsoft.Authorization/roleAssignments",
  roleDefinitions: "Microsoft.Authorization/roleDefinitions",
};
const VERBS: Readonly<Record<string, string>> = { put: "write", update: "write", delete: "delete" };

/**
 * Whether a role of the caller allows the operation at the path that it asks for.
 * @throws Refusal AuthorizationFailed
 */
export function checkPermission(world: World, asked: Asked, operation: Operation): void {
  const [, type = "", verb = ""] = operation.split(".");
  const action = `${PROVIDERS[type]}/${VERBS[verb] ?? "read"}`;
  const { appid, oid } = issuedTo(world, asked);
  const scope = asked.path.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, "");
  // Whoever was told of an operation may follow it.
  if (type === "operations" || world.roles.allows(oid, action, scope)) return;
  const message = `The client '${appid}' with object id '${oid}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
  throw new Refusal(403, "AuthorizationFailed", message);
}
