import type { Settings } from "../assignment/types.ts";
import type { CloudConfig } from "../azure/cloud-config.ts";
import type { MicConfig } from "./options.ts";

/** What plans depend on besides the objects of the cluster. */
export function micSettings(
  {
    forceNamespaced,
    pinnedClientIds,
    machineScopes,
  }: Pick<MicConfig, "forceNamespaced" | "pinnedClientIds" | "machineScopes">,
  { subscriptionId, resourceGroup, signIn }: CloudConfig,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  // The cluster's own identity is pinned too: without it MIC could not do its work.
  const own = signIn.kind === "managed-identity" && signIn.clientId !== "" ? [signIn.clientId] : [];
  return {
    // Any way of saying it is enough: a switch that protects is not taken back by another.
    isNamespaced: forceNamespaced || env.FORCENAMESPACED === "true",
    home: { subscription: subscriptionId, resourceGroup },
    scopes: machineScopes,
    pinnedClientIds: new Set([...pinnedClientIds, ...own].map((id) => id.toLowerCase())),
  };
}
