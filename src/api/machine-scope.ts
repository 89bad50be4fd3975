import { type ResourceId, resourceKey } from "./resource-id.ts";

/** A part of Azure whose machines MIC may change: one resource group, or with an empty name a whole subscription. */
export type MachineScope = { readonly subscription: string; readonly resourceGroup: string };

const SCOPE = /^\/?subscriptions\/([^/\s]+)(?:\/resourceGroups\/([^/\s]+))?\/?$/i;

/** Reads scopes as ARM writes them, in any case; or says what is wrong, naming every text that is none. */
export function readScopes(
  texts: readonly string[],
): { readonly value: readonly MachineScope[] } | { readonly wrong: string } {
  const bad = texts.filter((text) => !SCOPE.test(text));
  if (bad.length > 0) {
    const named = bad.map((text) => `"${text}"`).join(", ");
    return {
      wrong: `a list of /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<name>: cannot read ${named}`,
    };
  }
  return {
    value: texts.map((text) => {
      const [, subscription = "", resourceGroup = ""] = SCOPE.exec(text) ?? [];
      return { subscription, resourceGroup };
    }),
  };
}

/** Whether a resource lies in a scope. */
export function isInScope(id: ResourceId, { subscription, resourceGroup }: MachineScope): boolean {
  if (resourceKey(id.subscription) !== resourceKey(subscription)) return false;
  return resourceGroup === "" || resourceKey(id.resourceGroup) === resourceKey(resourceGroup);
}
