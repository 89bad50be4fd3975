import { lookupKey } from "./resource-id.ts";

/** A built-in role under Azure's own ID, with what it allows of what is emulated here. */
export type RoleDefinition = {
  readonly id: string;
  readonly name: string;
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
};
export type RoleAssignment = {
  /** A GUID, chosen by who makes the assignment. */
  readonly name: string;
  readonly scope: string;
  readonly roleId: string;
  readonly principalId: string;
};

export const roleDefinitions: readonly RoleDefinition[] = [
  { id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", name: "Owner", actions: ["*"] },
  {
    id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    name: "Contributor",
    actions: ["*"],
    notActions: ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
  },
  { id: "acdd72a7-3385-48ef-bd42-f606fba81ae7", name: "Reader", actions: ["*/read"] },
  {
    id: "f1a07417-d97a-45cb-824c-7a7467783830",
    name: "Managed Identity Operator",
    actions: [
      "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
      "Microsoft.Authorization/*/read",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
    ],
  },
  {
    id: "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    name: "Managed Identity Contributor",
    actions: [
      "Microsoft.ManagedIdentity/userAssignedIdentities/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/write",
      "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
      "Microsoft.ManagedIdentity/userAssignedIdentities/*",
      "Microsoft.Authorization/*/read",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
    ],
    notActions: ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"],
  },
  {
    id: "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    name: "Virtual Machine Contributor",
    actions: [
      "Microsoft.Compute/virtualMachines/*",
      "Microsoft.Compute/virtualMachineScaleSets/*",
      "Microsoft.Compute/locations/*",
      "Microsoft.Authorization/*/read",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
    ],
  },
];

/** Who may do what where. Nobody is asked until it is enforced. */
export class Roles {
  isEnforced = false;
  readonly #assignments = new Map<string, RoleAssignment>();

  assign(assignment: RoleAssignment): RoleAssignment {
    this.#assignments.set(keyOf(assignment.scope, assignment.name), assignment);
    return assignment;
  }

  find(scope: string, name: string): RoleAssignment | undefined {
    return this.#assignments.get(keyOf(scope, name));
  }

  /** An assignment of the same role to the same principal at the same scope. */
  twin({ scope, roleId, principalId }: RoleAssignment): RoleAssignment | undefined {
    return [...this.#assignments.values()].find(
      (one) => lookupKey(one.scope) === lookupKey(scope) && one.roleId === roleId && one.principalId === principalId,
    );
  }

  /** Those at the scope, above it and below it. */
  around(scope: string): readonly RoleAssignment[] {
    return [...this.#assignments.values()].filter((one) => covers(one.scope, scope) || covers(scope, one.scope));
  }

  remove(scope: string, name: string): RoleAssignment | undefined {
    const found = this.find(scope, name);
    this.#assignments.delete(keyOf(scope, name));
    return found;
  }

  /** Whether a role of the principal, at that scope or above it, allows the action. */
  allows(principalId: string, action: string, scope: string): boolean {
    if (!this.isEnforced) return true;
    const mine = [...this.#assignments.values()].filter(
      (one) => one.principalId === principalId && covers(one.scope, scope),
    );
    return mine.some(({ roleId }) => {
      const { actions = [], notActions = [] } = roleDefinitions.find(({ id }) => id === roleId) ?? {};
      const isIn = (patterns: readonly string[]) => patterns.some((pattern) => matches(pattern, action));
      return isIn(actions) && !isIn(notActions);
    });
  }
}

function keyOf(scope: string, name: string): string {
  return `${lookupKey(scope)}|${name.toLowerCase()}`;
}

function covers(outer: string, inner: string): boolean {
  return `${lookupKey(inner)}/`.startsWith(`${lookupKey(outer)}/`);
}

/** As in Azure's role definitions: `*` stands for any text, and `/*` for none, too. */
function matches(pattern: string, action: string): boolean {
  const literal = (text: string) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  const source = pattern.split("/*").map((part) => part.split("*").map(literal).join(".*"));
  return new RegExp(`^${source.join("(?:/.*)?")}$`, "i").test(action);
}
