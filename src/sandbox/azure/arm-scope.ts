import { invalidContent } from "./identity-block.ts";
import { Refusal } from "./refusal.ts";
import type { Asked, Params } from "./server.ts";
import type { ResourceGroup, World } from "./world.ts";

/** What the routes of Resource Manager work on. */
export type ArmContext = {
  readonly world: World;
  /** How long a change of a machine takes. */
  readonly operationMs: number;
};

/** A path below a resource group, in any case. Its named groups are `subscription`, `group` and those in `rest`. */
export function groupPath(rest: string): RegExp {
  return new RegExp(`^/subscriptions/(?<subscription>[^/]+)/resourceGroups/(?<group>[^/]+)${rest}/?$`, "i");
}

/** The resource group that a request names. @throws Refusal SubscriptionNotFound or ResourceGroupNotFound */
export function groupOf(world: World, { subscription = "", group = "" }: Params): ResourceGroup {
  checkSubscription(world, subscription);
  const found = world.resourceGroup(group);
  if (found !== undefined) return found;
  throw new Refusal(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
}

/** @throws Refusal SubscriptionNotFound */
export function checkSubscription(world: World, subscription: string): void {
  if (subscription.toLowerCase() === world.subscription.toLowerCase()) return;
  throw new Refusal(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
}

export function resourceNotFound(type: string, name: string, group: string): Refusal {
  const message = `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
  return new Refusal(404, "ResourceNotFound", message);
}

/** The body of a request. @throws Refusal InvalidRequestContent unless it is a JSON object */
export function readJson({ body }: Asked): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw invalidContent("Expected a JSON object. Path ''.");
}

/** The tags of a resource. @throws Refusal InvalidRequestContent unless all are text */
export function readTags(value: unknown): Readonly<Record<string, string>> {
  const isTags =
    typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
  if (isTags) return value as Record<string, string>;
  throw invalidContent("Expected an object of strings. Path 'tags'.");
}
