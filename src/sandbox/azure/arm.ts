import { randomUUID } from "node:crypto";
import { checkBearer } from "./arm-bearer.ts";
import { identityRoutes } from "./arm-identities.ts";
import { machineRoutes } from "./arm-machines.ts";
import { type ArmContext, groupOf, groupPath } from "./arm-scope.ts";
import { Refusal } from "./refusal.ts";
import { type Asked, type Emulator, type Place, type Route, serve } from "./server.ts";
import type { World } from "./world.ts";

export type ArmOptions = Place & {
  readonly world: World;
  /** How long a change of a machine takes; with 0 it is done when the answer comes. */
  readonly operationMs?: number;
  /** Whether Azure's limits on calls of a subscription hold. */
  readonly isLimited?: boolean;
};

const OLDEST_VERSION = "2018-01-01";

/**
 * Azure Resource Manager for one subscription: resource groups, user-assigned identities, VMs and scale sets.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function startArm({ world, operationMs = 0, ...place }: ArmOptions): Promise<Emulator> {
  const context: ArmContext = { world, operationMs };
  return serve(
    {
      traffic: world.traffic,
      routes: [groupRoute(world), ...identityRoutes(context), ...machineRoutes(context)],
      admit: (asked) => {
        checkBearer(world, asked);
        checkVersion(asked);
      },
      headers: ({ method }) => ({ "cache-control": "no-cache", "x-ms-request-id": randomUUID(), ...remaining(method) }),
      refused: ({ status, code, message, headers }) => ({ status, json: { error: { code, message } }, headers }),
      unknown: ({ method, path }) => {
        const message = `This emulator of Azure Resource Manager does not know ${method} ${path}.`;
        return new Refusal(501, "NotImplemented", message);
      },
    },
    place,
  );
}

/** What Azure says is left of its limits on calls; the emulator has none, and its buckets are always full. */
function remaining(method: string): Record<string, string> {
  return method === "GET"
    ? { "x-ms-ratelimit-remaining-subscription-reads": "249" }
    : { "x-ms-ratelimit-remaining-subscription-writes": "199" };
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

function groupRoute(world: World): Route {
  return {
    method: "GET",
    path: groupPath(""),
    operation: "arm.resourceGroups.get",
    answer: (_, params) => {
      const { id, name, location } = groupOf(world, params);
      const type = "Microsoft.Resources/resourceGroups";
      return { status: 200, json: { id, name, type, location, properties: { provisioningState: "Succeeded" } } };
    },
  };
}
