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

/** How far identities reach, for the log: whoever reads it at a start shall know who may use what. */
export function modeLine({ isNamespaced }: Settings): string {
  return isNamespaced
    ? "namespaced mode: pods may use identities of their own namespace"
    : "any pod may use any bound identity by its label, whatever its namespace; --forceNamespaced, or the annotation aadpodidentity.k8s.io/Behavior: namespaced on an AzureIdentity, keeps identities in their namespace";
}
