import { randomUUID } from "node:crypto";
import { authorizationRoutes } from "./arm-authorization.ts";
import { checkBearer } from "./arm-bearer.ts";
import { federationRoutes } from "./arm-federation.ts";
import { identityRoutes } from "./arm-identities.ts";
import { ArmLimits } from "./arm-limits.ts";
import { machineRoutes } from "./arm-machines.ts";
import { checkPermission } from "./arm-permissions.ts";
import { type ArmContext, checkSubscription, groupOf, groupPath, readJson } from "./arm-scope.ts";
import { Refusal } from "./refusal.ts";
import { type Asked, type Emulator, type Place, type Route, serve } from "./server.ts";
import type { ResourceGroup, World } from "./world.ts";

export type ArmOptions = Place & {
  readonly world: World;
  /** How long a change of a machine takes; with 0 it is done when the answer comes. */
  readonly operationMs?: number;
  /** Whether Azure's limits on calls of a subscription hold. */
  readonly isLimited?: boolean;
};

const OLDEST_VERSION = "2018-01-01";

/**
 * Azure Resource Manager for one subscription: resource groups, user-assigned identities and whom they trust, VMs and
 * scale sets, role assignments.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function startArm({ world, operationMs = 0, isLimited = false, ...place }: ArmOptions): Promise<Emulator> {
  const context: ArmContext = { world, operationMs };
  const limits = new ArmLimits(world.clock, world.subscription, isLimited);
  return serve(
    {
      traffic: world.traffic,
      routes: routesOf(context),
      admit: (asked, operation) => {
        checkBearer(world, asked);
        checkVersion(asked);
        limits.take(operation);
        checkPermission(world, asked, operation);
      },
      headers: ({ method }) => ({
        "cache-control": "no-cache",
        "x-ms-request-id": randomUUID(),
        ...limits.remaining(method),
      }),
      refused: ({ status, code, message, headers }) => ({ status, json: { error: { code, message } }, headers }),
      unknown: ({ method, path }) => {
        const message = `This emulator of Azure Resource Manager does not know ${method} ${path}.`;
        return new Refusal(501, "NotImplemented", message);
      },
    },
    place,
  );
}

/** @throws Refusal 400 unless there is an api-version, of 2018 or later */
function checkVersion({ query }: Asked): void {
  const version = query.get("api-version");
  if (version === null || version === "") {
    const message = "The api-version query parameter (?api-version=) is required for all requests.";
    throw new Refusal(400, "MissingApiVersionParameter", message);
  }
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version) || version < OLDEST_VERSION) {
    const message = `The api-version '${version}' is invalid. The supported versions are '${OLDEST_VERSION}' and later ones.`;
    throw new Refusal(400, "InvalidApiVersionParameter", message);
  }
}

function routesOf(context: ArmContext): Route[] {
  return [
    ...groupRoutes(context.world),
    ...identityRoutes(context),
    ...federationRoutes(context),
    ...machineRoutes(context),
    ...authorizationRoutes(context),
  ];
}

function groupRoutes(world: World): Route[] {
  const path = groupPath("");
  return [
    {
      method: "GET",
      path,
      operation: "arm.resourceGroups.get",
      answer: (_, params) => ({ status: 200, json: groupJson(groupOf(world, params)) }),
    },
    {
      method: "PUT",
      path,
      operation: "arm.resourceGroups.put",
      answer: (asked, { subscription = "", group = "" }) => {
        checkSubscription(world, subscription);
        if (typeof readJson(asked).location !== "string") {
          throw new Refusal(400, "LocationRequired", "The location property is required for this definition.");
        }
        const status = world.resourceGroup(group) === undefined ? 201 : 200;
        return { status, json: groupJson(world.createResourceGroup(group)) };
      },
    },
  ];
}

function groupJson({ id, name, location }: ResourceGroup): object {
  const type = "Microsoft.Resources/resourceGroups";
  return { id, name, type, location, properties: { provisioningState: "Succeeded" } };
}
